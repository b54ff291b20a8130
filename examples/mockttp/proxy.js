// A mockttp proxy that knows which app on this machine sent each request, including tunnelled ones.

const { getLocal } = require('mockttp')
const { findPeerProcess } = require('socket-owner')

let isProblemLogged = false

/**
 * Returns the client's process, or `null` if none is visible. Never rejects. mockttp reports only the
 * client's end of a connection. Our end has the proxy's port and the same address as the client's: on
 * one machine, a client's local address is the address it connects to.
 */
async function findClient({ remoteIpAddress: address, remotePort }, localPort) {
  const ends = { localAddress: address, localPort, remoteAddress: address, remotePort }
  try {
    return await findPeerProcess(ends)
  } catch (error) {
    // For example ERR_UNSUPPORTED_PLATFORM on FreeBSD: the proxy works without its clients' names too.
    if (!isProblemLogged) console.warn(error.message)
    isProblemLogged = true
    return null
  }
}

/** The client chose its name and the URL: replace what a terminal might act on. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

async function main() {
  const proxy = getLocal()
  await proxy.start(Number(process.env.PORT ?? 8000))
  await proxy.forAnyRequest().thenPassThrough({
    // Before the response: once the client has it, it may exit, and then it can no longer be found.
    beforeRequest: async (request) => {
      const { pid = null, name, path } = (await findClient(request, proxy.port)) ?? {}
      const program = printable(path ?? name ?? 'an unknown program')
      console.log(`${request.method} ${printable(request.url)} from ${program} (pid ${pid})`)
    }
  })
  console.log(`Try: curl --proxy http://127.0.0.1:${proxy.port} http://example.com/`)
}

main()
