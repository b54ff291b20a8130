'use strict'

// A process that looks up what it is told, a line of JSON at a time, and says at each line what it
// has: bytes of malloc's heap, descriptors. Run with --expose-gc, so that garbage does not count.

const fs = require('node:fs')
const path = require('node:path')
const { createInterface } = require('node:readline')
const { findPeerPid } = require('../index.js')

const heap = { exports: {} }
process.dlopen(heap, path.join(__dirname, 'target', 'release', 'libheap.so'))

async function main() {
  console.log(JSON.stringify('ready'))
  for await (const line of createInterface({ input: process.stdin })) {
    const pids = []
    for (const ends of JSON.parse(line)) pids.push(await findPeerPid(ends))
    // Twice: the first frees the objects, the second what their finalizers let go.
    for (let i = 0; i < 2; i += 1) {
      globalThis.gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const descriptors = fs.readdirSync('/proc/self/fd').length
    console.log(JSON.stringify({ bytes: heap.exports(), descriptors, pids }))
  }
}

main()
