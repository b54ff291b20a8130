// Runs a real Chromium for the page of examples/electron.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
export const chromiumPath = process.env.PATH.split(path.delimiter)
  .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
  .find((file) => fs.existsSync(file))

export const needsChromium = chromiumPath === undefined ? 'needs Chromium' : false

export const chromiumArguments = [
  // Google's hosts do not resolve, so that the only requests are those of the page.
  '--host-resolver-rules=MAP *.google.com ~NOTFOUND, MAP *.googleapis.com ~NOTFOUND',
  // The page's modules are files, which Electron's pages may import.
  '--allow-file-access-from-files',
  // A container's shared memory is too small for Chromium.
  '--disable-dev-shm-usage',
  // Chromium's own sandbox does not start for root. Only this repository's page is loaded.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])
]

/** Only detects a page that is stuck; no test depends on how fast a page is. */
export const STUCK_MS = 120_000

/**
 * Opens a page in a browser of its own, which `close` ends. `folder` has playwright-core installed.
 */
export async function openPage(folder, { proxy, ...options } = {}) {
  const { chromium } = createRequire(path.join(folder, 'x.js'))('playwright-core')
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: chromiumArguments,
    proxy
  })
  const page = await browser.newPage({ viewport: { width: 1180, height: 760 }, ...options })
  page.setDefaultTimeout(STUCK_MS)
  return { page, close: () => browser.close() }
}
