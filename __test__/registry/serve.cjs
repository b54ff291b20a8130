// A registry of one's own on a free port of loopback: `node serve.cjs VERDACCIO STORAGE`. It asks no
// other registry, takes what anybody publishes, and prints its port. It goes when its parent does.
'use strict'

const { runServer } = require(process.argv[2])
const storage = process.argv[3]

const everybody = { access: '$all', publish: '$all', unpublish: '$all' }
const configuration = {
  self_path: storage,
  storage,
  uplinks: {},
  packages: { '**': everybody },
  middlewares: { audit: { enabled: false } },
  web: { enable: false },
  log: { type: 'stdout', level: 'fatal' }
}

runServer(configuration).then((app) => {
  app.listen(0, '127.0.0.1', () => console.log(`port ${app.address().port}`))
})
process.stdin.on('end', () => process.exit()).resume()
