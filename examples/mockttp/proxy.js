// A mockttp proxy that knows which app on this machine sent each request, tunnelled ones too.

const { getLocal } = require('mockttp')
const { findPeerPid, getProcessPath } = require('socket-owner')

/**
 * mockttp tells the client's end of a connection. Ours has the proxy's port, and the client's very
 * address: on one machine a client comes from the address that it goes to. Never rejects.
 */
async function findClient({ remoteIpAddress: address, remotePort }, localPort) {
  const ends = { localAddress: address, localPort, remoteAddress: address, remotePort }
  try {
    const pid = await findPeerPid(ends)
    return { pid, path: pid === null ? null : await getProcessPath(pid) }
  } catch (error) {
    // ERR_UNSUPPORTED_PLATFORM on Windows, for one.
    return { pid: null, path: null, problem: error.message }
  }
}

/** Another program chose its name and the URL: nothing in a log may act on a terminal. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

async function main() {
  const proxy = getLocal()
  await proxy.start(Number(process.env.PORT ?? 8000))
  await proxy.forAnyRequest().thenPassThrough({
    // Before the answer: a client that has it may end, and then nobody can name it.
    beforeRequest: async (request) => {
      const { pid, path, problem } = await findClient(request, proxy.port)
      const name = printable(path ?? problem ?? 'somewhere else')
      console.log(`${request.method} ${printable(request.url)} from ${name} (pid ${pid})`)
    }
  })
  console.log(`Try: curl --proxy http://127.0.0.1:${proxy.port} http://example.com/`)
}

main()
