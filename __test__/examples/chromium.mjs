// A real Chromium for the page of examples/electron.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const executablePath = process.env.PATH.split(path.delimiter)
  .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
  .find((file) => fs.existsSync(file))

export const needsChromium = executablePath === undefined ? 'needs Chromium' : false

/** A page that is stuck is found out by this; no test depends on how fast one is. */
const STUCK_MS = 120_000

/** `folder` has playwright-core among its packages. A page of its own browser, closed by `close`. */
export async function openPage(folder, { proxy, ...options } = {}) {
  const { chromium } = createRequire(path.join(folder, 'x.js'))('playwright-core')
  // Its maker's hosts are not found, so that the only requests are those of the page.
  const args = ['--host-resolver-rules=MAP *.google.com ~NOTFOUND, MAP *.googleapis.com ~NOTFOUND']
  // Its own sandbox does not start for root; what it loads here is this repository's page alone.
  if (process.getuid?.() === 0) args.push('--no-sandbox')
  const browser = await chromium.launch({ executablePath, args, proxy })
  const page = await browser.newPage({ viewport: { width: 1180, height: 760 }, ...options })
  page.setDefaultTimeout(STUCK_MS)
  return { page, close: () => browser.close() }
}
