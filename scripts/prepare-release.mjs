// Prepares the packages for publishing, in a checkout that is deleted afterwards:
// `node scripts/prepare-release.mjs v1.2.3`. Fails if the tag, the versions and the changelog
// disagree or a binary is missing. The repository itself lists no optionalDependencies, so that a
// clone can be installed before they are published.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const read = (name) => JSON.parse(fs.readFileSync(path.join(root, name), 'utf8'))
const manifest = read('package.json')
const platforms = fs.readdirSync(path.join(root, 'npm'))
const problems = []

if (process.argv[2] !== `v${manifest.version}`) {
  problems.push(`the tag is ${process.argv[2]}, package.json says ${manifest.version}`)
}
const changelog = fs.readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8')
if (!changelog.includes(manifest.version)) problems.push('the changelog lacks this version')
if (platforms.length !== 8) problems.push(`npm/ has ${platforms.length} packages, not 8`)
for (const platform of platforms) {
  const { version, main } = read(`npm/${platform}/package.json`)
  if (version !== manifest.version) problems.push(`npm/${platform} has version ${version}`)
  if (!fs.existsSync(path.join(root, 'npm', platform, main))) {
    problems.push(`npm/${platform} has no ${main}`)
  }
}
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}

for (const platform of platforms) {
  const license = path.join(root, 'npm', platform, 'LICENSE')
  fs.copyFileSync(path.join(root, 'LICENSE'), license)
}
manifest.optionalDependencies = Object.fromEntries(
  platforms.map((platform) => [`${manifest.name}-${platform}`, manifest.version])
)
fs.writeFileSync(path.join(root, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
console.log(
  `${manifest.name} ${manifest.version} and ${platforms.length} binary packages are ready`
)
