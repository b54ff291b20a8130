// Finds out where functions begin and how many lines they have: in JavaScript and TypeScript with
// the compiler's own parser, so that methods, arrow functions and callbacks are included; in Rust,
// C and Python by braces and indentation.

import ts from 'typescript'
import { codeOf, linesOf } from './sources.mjs'

/** Returns each function's name, its first line (counted from 1) and its number of lines. */
export function functionsIn(name, text) {
  if (/\.[cm]?[jt]s$/.test(name)) return ofScript(name, text)
  if (/\.(rs|c|h)$/.test(name)) return ofBraces(name, codeOf(name, text))
  if (name.endsWith('.py')) return ofIndentation(codeOf(name, text))
  return []
}

function ofScript(name, text) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const lineAt = (position) => file.getLineAndCharacterOfPosition(position).line + 1
  const functions = []
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      const first = lineAt(node.getStart())
      const named = node.name ?? node.parent.name ?? node.parent.left
      const count = lineAt(node.end) - first + 1
      functions.push({ name: named?.getText() ?? 'a callback', first, count })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return functions
}

/** Rust: `fn name`. C: a name and parameters at the outermost level, followed by a brace. */
const HEADS = {
  rs: /\bfn (\w+)[^;{}]*\{/g,
  c: /^(?!\s|#|typedef|enum|struct \w+ \{)[^;{}#]*?\b(\w+)\([^;{}]*\)[^;{}()]*\{/gm
}

function ofBraces(name, code) {
  const heads = code.matchAll(name.endsWith('.rs') ? HEADS.rs : HEADS.c)
  return [...heads].map((head) => {
    const end = closingBrace(code, head.index + head[0].length)
    const first = linesBefore(code, head.index) + 1
    return { name: head[1], first, count: linesBefore(code, end) + 2 - first }
  })
}

function closingBrace(code, from) {
  let depth = 1
  for (let at = from; at < code.length; at++) {
    if (code[at] === '{') depth++
    if (code[at] === '}' && --depth === 0) return at
  }
  return code.length
}

const linesBefore = (text, index) => text.slice(0, index).split('\n').length - 1

function ofIndentation(code) {
  const lines = linesOf(code)
  return lines.flatMap((line, i) => {
    const [, indentation, name] = line.match(/^(\s*)(?:async )?def (\w+)/) ?? []
    if (name === undefined) return []
    const isInside = (each) =>
      each.trim() === '' || /^\s*/.exec(each)[0].length > indentation.length
    // The closing parenthesis of the parameters may be indented like `def`.
    const isParameters = (each) => each.startsWith(`${indentation})`)
    const rest = lines.slice(i + 1)
    const length = rest.findIndex((each) => !isInside(each) && !isParameters(each))
    const body = (length === -1 ? rest : rest.slice(0, length)).join('\n').trimEnd()
    return [{ name, first: i + 1, count: 1 + (body === '' ? 0 : body.split('\n').length) }]
  })
}
