// The details on the right: titles with text below.

import { DETAIL_LENGTH_MAX, element, printable } from './text.js'

/** What is known about a process, as titles with text; `process` is a line about the pid. */
export function processFields(program, process) {
  if (program === null) return [['Process', process]]
  const { command, folder, user, group, startedAt } = program
  return [
    ['App', program.name],
    ['Program', program.path],
    // Passwords and keys are often passed on a command line: this page warns next to it.
    ['Command line', command, command && 'May hold passwords or keys.'],
    ['Folder', folder],
    ['Process', process],
    ['Running since', startedAt && new Date(startedAt).toLocaleString()],
    ...(user === null || user === undefined ? [] : [['User', user === 0 ? 'root' : String(user)]]),
    ...(group && group !== '/' ? [['Control group', group]] : [])
  ]
}

export function showFields(place, fields) {
  const parts = fields.flatMap(([title, text, note]) => [
    element('h2', '', title),
    element('p', '', printable(text || '–', DETAIL_LENGTH_MAX)),
    ...(note ? [element('p', 'note', note)] : [])
  ])
  place.replaceChildren(...parts)
}
