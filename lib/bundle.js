'use strict'

// The app that a program belongs to, by its path.

/**
 * The outermost `.app` directory on macOS: a helper inside Chrome.app is Chrome's. `null` for a
 * program that is in none, and on every other system.
 * @param {string | null} path
 */
function bundleOf(path) {
  if (path === null || process.platform !== 'darwin') return null
  const folders = path.split('/').slice(0, -1)
  const outermost = folders.findIndex((folder) => folder.length > 4 && folder.endsWith('.app'))
  return outermost === -1 ? null : folders.slice(0, outermost + 1).join('/')
}

exports.bundleOf = bundleOf
