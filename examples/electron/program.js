// What a user wants to know about a process, from its record. Independent of Electron.

const path = require('node:path')
const { getProcessInfo } = require('socket-owner')

/** A command line can be 256 KiB long; the page shows this much. */
const COMMAND_LENGTH_MAX = 4000

/**
 * @typedef {object} Program
 * @property {number | null} pid
 * @property {string | null} path the program's file
 * @property {string | null} app the file or the bundle that the user starts
 * @property {string} name what the user calls it
 * @property {number | null} startedAt when the process started
 */
/**
 * The rest of a record, for a user who looks at one process.
 * @typedef {object} Details
 * @property {string | null} command its command line, which may hold secrets
 * @property {string | null} folder its working directory
 * @property {number | null} user
 * @property {string | null} group Linux: its control group
 */

/** @type {Program} */
const UNKNOWN = { pid: null, path: null, app: null, name: 'Unknown app', startedAt: null }

/**
 * @param {import('socket-owner').ProcessInfo} info
 * @returns {Program}
 */
function programOf(info) {
  const { pid, path: file, bundlePath, startTime } = info
  const startedAt = startTime === null ? null : startTime.getTime()
  return { pid, path: file, app: bundlePath ?? file, name: appName(info), startedAt }
}

/**
 * On macOS a helper deep inside a bundle belongs to the app that the user started: the outermost .app.
 * On Windows one program runs many services; their names say more than its own.
 */
function appName({ bundlePath, path: file, name, services }) {
  if (bundlePath !== null) return path.basename(bundlePath, '.app')
  if (services?.length > 0) return services.join(', ')
  return file === null ? (name ?? UNKNOWN.name) : path.basename(file, '.exe')
}

/**
 * @param {import('socket-owner').ProcessInfo} info
 * @returns {Details}
 */
function detailsOf({ args, cwd, uid, cgroup }) {
  const command = args === null ? null : args.map(quoted).join(' ').slice(0, COMMAND_LENGTH_MAX)
  return { command, folder: cwd, user: uid, group: cgroup }
}

/** Quotes an argument, if needed, so that it is clear where it begins and ends. */
function quoted(argument) {
  return /^[^\s"']+$/.test(argument) ? argument : JSON.stringify(argument)
}

/**
 * Returns the whole record for a row's process, or `null` if its pid now belongs to another process.
 * @returns {Promise<(Program & Details) | null>}
 */
async function lookAt(pid, startedAt) {
  const info = await getProcessInfo(pid)
  if (info === null) return null
  const program = programOf(info)
  return program.startedAt === startedAt ? { ...program, ...detailsOf(info) } : null
}

exports.UNKNOWN = UNKNOWN
exports.appName = appName
exports.detailsOf = detailsOf
exports.lookAt = lookAt
exports.programOf = programOf
