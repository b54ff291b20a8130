// Makes docs/live-requests.png and docs/sockets.png anew, as root on Linux:
//
//   node __test__/examples/pictures/make.mjs [dark] [folder]
//
// They show examples/electron at work on a small machine with real programs: a network namespace with a
// home folder of its own (machine.mjs), where an ordinary user works (desk.mjs), joined to another
// namespace that plays the rest of the world (world.mjs). So nothing of this computer is in them.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../support/install.mjs'
import { installApp } from '../../support/packed.mjs'

const [scheme = 'light', destination = path.join(root, 'docs')] = process.argv.slice(2)
const machine = fileURLToPath(new URL('machine.mjs', import.meta.url))

const folder = await installApp(
  { after: (end) => process.on('exit', end) },
  { from: 'examples/electron', packages: ['playwright-core@1'], omit: ['dev'] }
)
// For the machine's user.
spawnSync('chmod', ['-R', 'a+rX', folder])
const pictures = path.join(folder, 'pictures')
fs.mkdirSync(pictures)
fs.chmodSync(pictures, 0o777)

const inside = [process.execPath, machine, folder, pictures, scheme]
const { status } = spawnSync(
  'unshare',
  ['--net', '--mount', '--pid', '--fork', '--mount-proc', ...inside],
  {
    stdio: 'inherit'
  }
)
if (status !== 0) throw new Error('the machine failed')
for (const name of fs.readdirSync(pictures)) {
  const picture = path.join(pictures, name)
  // A third of the size, and no eye sees it.
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--ext', '.png', '--speed', '1', picture])
  fs.copyFileSync(picture, path.join(destination, name))
  console.log(`${name}: ${fs.statSync(picture).size} bytes`)
}
