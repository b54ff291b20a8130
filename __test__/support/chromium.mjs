// A real Chromium for the page of examples/electron.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
export const chromiumPath = process.env.PATH.split(path.delimiter)
  .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
  .find((file) => fs.existsSync(file))

export const needsChromium = chromiumPath === undefined ? 'needs Chromium' : false

export const chromiumArguments = [
  // Its maker's hosts are not found, so that the only requests are those of the page.
  '--host-resolver-rules=MAP *.google.com ~NOTFOUND, MAP *.googleapis.com ~NOTFOUND',
  // The page's modules are files, which Electron's pages may import.
  '--allow-file-access-from-files',
  // A container's shared memory is too small for it.
  '--disable-dev-shm-usage',
  // Its own sandbox does not start for root; what it loads here is this repository's page alone.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])
]

/** A page that is stuck is found out by this; no test depends on how fast one is. */
export const STUCK_MS = 120_000

/** `folder` has playwright-core among its packages. A page of its own browser, closed by `close`. */
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
