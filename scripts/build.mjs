// Builds the native binary for this machine and puts it beside index.js: `node scripts/build.mjs`.

import { build } from './lib/native.mjs'

build()
