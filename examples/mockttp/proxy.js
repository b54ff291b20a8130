// A mockttp proxy that knows which app on this machine sent each request, tunnelled ones too.

const { getLocal } = require('mockttp')
const { findPeerProcess } = require('socket-owner')

let isProblemLogged = false

/**
 * Returns the client's process, `null` where there is none to be seen. Never rejects. mockttp tells
 * the client's end of a connection. Ours has the proxy's port and the client's very address: within
 * one machine a client comes from the address that it connects to.
 */
async function findClient({ remoteIpAddress: address, remotePort }, localPort) {
  const ends = { localAddress: address, localPort, remoteAddress: address, remotePort }
  try {
    return await findPeerProcess(ends)
  } catch (error) {
    // For one, ERR_UNSUPPORTED_PLATFORM on FreeBSD: the proxy works without its clients' names too.
    if (!isProblemLogged) console.warn(error.message)
    isProblemLogged = true
    return null
  }
}

/** The client chose its name and the URL: nothing in a log may act on a terminal. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

async function main() {
  const proxy = getLocal()
  await proxy.start(Number(process.env.PORT ?? 8000))
  await proxy.forAnyRequest().thenPassThrough({
    // Before the response: once a client has that, it may exit, and then nobody can name it.
    beforeRequest: async (request) => {
      const { pid = null, name, path } = (await findClient(request, proxy.port)) ?? {}
      const program = printable(path ?? name ?? 'an unknown program')
      console.log(`${request.method} ${printable(request.url)} from ${program} (pid ${pid})`)
    }
  })
  console.log(`Try: curl --proxy http://127.0.0.1:${proxy.port} http://example.com/`)
}

main()
