// Downloads packages of another Debian release than this machine's, without installing them.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { installDebian } from './debian.mjs'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Sets up a separate apt in a folder. It knows only that release and no installed packages. */
export function aptFor(home, release, architecture) {
  const folder = (name) => {
    const made = path.join(home, name)
    fs.mkdirSync(path.join(made, 'partial'), { recursive: true })
    return made
  }
  const list = path.join(folder(''), 'sources.list')
  const status = path.join(home, 'status')
  fs.writeFileSync(list, `deb [signed-by=${KEYRING}] ${debianUri()} ${release} main\n`)
  fs.writeFileSync(status, '')
  const options = {
    'APT::Architecture': architecture,
    'APT::Architectures::': architecture,
    'APT::Sandbox::User': 'root',
    'Dir::Cache::archives': folder('archives'),
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': folder('lists'),
    'Dir::State::status': status
  }
  const args = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const apt = (...rest) => execFileSync('apt-get', [...args, '-q', ...rest], settings(home))
  return {
    /** Returns the paths of the packages and of everything that they depend on. */
    download(packages) {
      apt('update')
      apt('-y', '--no-install-recommends', '--download-only', 'install', ...packages)
      const archives = folder('archives')
      const names = fs.readdirSync(archives).filter((name) => name.endsWith('.deb'))
      return names.map((name) => path.join(archives, name))
    }
  }
}

function settings(cwd) {
  return { cwd, stdio: ['ignore', 'ignore', 'inherit'] }
}

/** Returns the address from which this machine gets Debian's packages. */
function debianUri() {
  installDebian({ [KEYRING]: 'debian-archive-keyring' })
  const args = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']
  const uris = execFileSync('apt-get', args, { encoding: 'utf8' }).split('\n')
  const uri = uris.find((each) => /\/debian\/?$/.test(each))
  if (uri === undefined) throw new Error('no source of Debian packages is configured')
  return uri
}
