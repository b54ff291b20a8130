// The client programs, and how each is told to make `count` connections to the proxy, `atOnce` at a
// time. `run` resolves when all have been answered.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { chromiumArguments, chromiumPath } from '../../__test__/support/chromium.mjs'

const here = import.meta.dirname
const numbered = (url, count) => Array.from({ length: count }, (_, i) => `${url}?${i}`)

const firefoxPath = process.env.PATH.split(path.delimiter)
  .flatMap((folder) => ['firefox', 'firefox-esr'].map((name) => path.join(folder, name)))
  .find((file) => fs.existsSync(file))

function start(command, args, env = {}) {
  return spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } })
}

/** A repository of loose objects, which git fetches one by one over plain http. */
export function makeRepository(folder) {
  const work = path.join(folder, 'work')
  const git = (...args) => execFileSync('git', args, { cwd: work, stdio: 'pipe' })
  fs.mkdirSync(work)
  git('init', '--quiet')
  git('config', 'gc.auto', '0')
  for (let i = 0; i < 20; i += 1) fs.writeFileSync(path.join(work, `${i}.txt`), `file ${i}\n`)
  git('add', '.')
  const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost']
  git(...who, 'commit', '--quiet', '--message', 'Files')
  git('update-server-info')
  return path.join(work, '.git')
}

/** A new profile that goes through the proxy. What it asks for of its own accord is turned off. */
function firefoxProfile(folder, proxy) {
  const preferences = {
    'network.proxy.type': 1,
    'network.proxy.http': '127.0.0.1',
    'network.proxy.http_port': proxy,
    'network.proxy.allow_hijacking_localhost': true,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'dom.push.connection.enabled': false
  }
  const profile = fs.mkdtempSync(path.join(folder, 'firefox-'))
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
  )
  fs.writeFileSync(path.join(profile, 'user.js'), lines.join(''))
  return profile
}

/** `needs`: the program, where it may be missing. `atOnce` of 1 alone: it does one thing at a time. */
export const PROGRAMS = {
  chromium: {
    needs: chromiumPath,
    start({ proxy, origin, folder, count, atOnce }) {
      const quiet = ['--no-first-run', '--disable-background-networking', '--disable-sync']
      return start(chromiumPath, [
        ...chromiumArguments,
        ...quiet,
        '--headless',
        '--disable-gpu',
        '--disable-component-update',
        `--user-data-dir=${path.join(folder, 'chromium')}`,
        `--proxy-server=127.0.0.1:${proxy}`,
        '--proxy-bypass-list=<-loopback>',
        '--remote-debugging-port=0',
        `${origin}/page?count=${count}&at-once=${atOnce}`
      ])
    },
    endsItself: false
  },
  firefox: {
    needs: firefoxPath,
    atOnce: [6],
    start({ proxy, origin, folder, count, atOnce }) {
      const profile = firefoxProfile(folder, proxy)
      const args = ['--headless', '--no-remote', '--profile', profile]
      return start(firefoxPath, [...args, `${origin}/page?count=${count}&at-once=${atOnce}`])
    },
    endsItself: false
  },
  curl: {
    start({ proxy, origin, count, atOnce }) {
      const many = atOnce > 1 ? ['--parallel', '--parallel-max', String(atOnce)] : []
      const each = numbered(`${origin}/small`, count).flatMap((url) => ['-o', '/dev/null', url])
      const how = ['--silent', '--proxy', `http://127.0.0.1:${proxy}`, '--noproxy', '']
      return start('curl', [...how, '-H', 'Connection: close', ...many, ...each])
    }
  },
  wget: {
    atOnce: [1],
    start({ proxy, origin, count }) {
      const quiet = ['--quiet', '--output-document=/dev/null', '--no-http-keep-alive']
      return start('wget', [...quiet, ...numbered(`${origin}/small`, count)], {
        http_proxy: `http://127.0.0.1:${proxy}`,
        no_proxy: ''
      })
    }
  },
  python: {
    start({ proxy, origin, count, atOnce }) {
      const args = [proxy, `${origin}/small`, count, atOnce].map(String)
      return start('python3', [path.join(here, 'client.py'), ...args])
    }
  },
  node: {
    start({ proxy, origin, count, atOnce }) {
      const args = [proxy, `${origin}/small`, count, atOnce].map(String)
      return start(process.execPath, [path.join(here, 'client.cjs'), ...args])
    }
  },
  'node, with a pool': {
    start({ proxy, origin, count, atOnce }) {
      const args = [proxy, `${origin}/kept`, count, atOnce].map(String)
      return start(process.execPath, [path.join(here, 'client.cjs'), ...args, 'keep'])
    }
  },
  git: {
    atOnce: [1],
    start({ proxy, origin, folder }) {
      const clone = path.join(folder, `clone-${process.hrtime.bigint()}`)
      return start('git', ['clone', '--quiet', `${origin}/git`, clone], {
        http_proxy: `http://127.0.0.1:${proxy}`,
        no_proxy: '',
        GIT_TERMINAL_PROMPT: '0'
      })
    }
  }
}

/** Starts a program, and resolves when it is through. `started` is told its pid at once. */
export async function run(program, options, { started, done }) {
  const child = program.start(options)
  await started(child.pid)
  if (program.endsItself === false) {
    await done()
    child.kill('SIGTERM')
    await once(child, 'exit')
    return
  }
  const [code, signal] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${child.spawnfile} ended with ${code ?? signal}`)
}
