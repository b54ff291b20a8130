// Builds the native binary for this machine next to index.js: `node scripts/build.mjs`.

import { build } from './lib/native.mjs'

build()
