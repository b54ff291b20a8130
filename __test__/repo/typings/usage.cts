// The same package from a CommonJS file.

import net = require('node:net')
import owner = require('socket-owner')

const pid: Promise<number | null> = owner.findPeerPid(new net.Socket())
// @ts-expect-error: a port is a number.
owner.findPidByLocalTcpPort('3000')

export = pid
