// What stands for Electron's own files, for electron-builder to pack an app into: programs that do
// nothing, in the folders that it looks for.

import fs from 'node:fs'
import path from 'node:path'

const HELPERS = ['', ' (Renderer)', ' (GPU)', ' (Plugin)']

/** Electron for Linux, macOS and Windows in one folder. */
export function writeElectron(folder) {
  fs.mkdirSync(path.join(folder, 'resources'), { recursive: true })
  writeProgram(path.join(folder, 'electron'))
  writeProgram(path.join(folder, 'electron.exe'))
  const contents = writeApp(folder, 'Electron')
  const frameworks = path.join(contents, 'Frameworks')
  for (const kind of HELPERS) writeApp(frameworks, `Electron Helper${kind}`)
}

function writeApp(folder, name) {
  const contents = path.join(folder, `${name}.app`, 'Contents')
  fs.mkdirSync(path.join(contents, 'MacOS'), { recursive: true })
  fs.mkdirSync(path.join(contents, 'Resources'))
  writeProgram(path.join(contents, 'MacOS', name))
  fs.writeFileSync(path.join(contents, 'Info.plist'), plist(name))
  return contents
}

function writeProgram(file) {
  fs.writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 })
}

function plist(name) {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>CFBundleExecutable</key><string>${name}</string>
  <key>CFBundleIdentifier</key><string>org.example.stand-in</string>
</dict>
</plist>
`
}
