// Panic messages contain the paths of source files. These flags keep the crate's name and remove
// the location on the build machine.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export function withoutSourcePaths(root, cargo, env) {
  // Each registry's folder exists only after this.
  execFileSync(cargo, ['fetch', '--locked'], { cwd: root, env, stdio: 'inherit' })
  const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo')
  const registries = path.join(cargoHome, 'registry', 'src')
  const sources = fs.readdirSync(registries).map((name) => path.join(registries, name))
  const places = [...sources, '/usr/lib/rustlib/src/rust', root]
  return places.map((place) => `--remap-path-prefix=${place}/=`)
}
