// Finds out which file uses which: `{ from, to }`, as paths from the root. JavaScript by its
// imports and requires (except imports of types), Rust by its paths, C by the functions that
// another file defines.

import path from 'node:path'
import ts from 'typescript'
import { functionsIn } from './functions.mjs'
import { codeOf } from './sources.mjs'

/** Takes files `{ name, text }`, all in one language. Uses of any other file are left out. */
export function edgesAmong(files) {
  const names = new Set(files.map(({ name }) => name))
  const edges = [
    ...files
      .filter(({ name }) => /\.[cm]?js$/.test(name))
      .flatMap((file) => scriptEdges(file, names)),
    ...rustEdges(files.filter(({ name }) => name.endsWith('.rs'))),
    ...cEdges(files.filter(({ name }) => name.endsWith('.c')))
  ]
  const distinct = new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge]))
  return [...distinct.values()].filter(({ from, to }) => from !== to)
}

const join = (from, target) => path.posix.join(path.posix.dirname(from), target)

function scriptEdges({ name, text }, names) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const found = []
  const visit = (node) => {
    const isCall =
      ts.isCallExpression(node) && /^(require|import)$/.test(node.expression.getText(file))
    const wanted = isCall ? node.arguments[0] : node.moduleSpecifier
    if (wanted !== undefined && ts.isStringLiteral(wanted)) found.push(wanted.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
    .filter((target) => target.startsWith('.'))
    .map((target) => join(name, target))
    .flatMap((stem) =>
      ['', '.js', '.cjs', '/index.js'].map((ending) => path.posix.normalize(stem + ending))
    )
    .filter((to) => names.has(to))
    .map((to) => ({ from: name, to }))
}

function cEdges(files) {
  const codes = files.map(({ name, text }) => ({ name, code: codeOf(name, text) }))
  const defined = files.flatMap(({ name, text }) => {
    const lines = text.split('\n')
    const own = functionsIn(name, text).filter(({ first }) => !/^static\b/.test(lines[first - 1]))
    return own.map((each) => ({ to: name, name: each.name }))
  })
  return codes.flatMap(({ name: from, code }) => {
    const used = new Set(code.match(/\b\w+(?=\()/g))
    return defined.filter(({ name }) => used.has(name)).map(({ to }) => ({ from, to }))
  })
}

function rustEdges(files) {
  const modules = rustModules(files)
  return [...modules.values()].flat().flatMap(({ file, own, isTest }) => {
    const { name: from, text } = file
    return pathsIn(codeOf(from, text)).flatMap((segments) => {
      const found = resolve(segments, own, modules)
      // In tests a fake may replace a file; the product uses the real file all the same.
      const real = found.filter((each) => !each.isTest)
      const to = isTest || real.length === 0 ? found : real
      return to.map(({ file }) => ({ from, to: file.name }))
    })
  })
}

/** Matches a module's attributes and its name. */
const MOD = /((?:#\[[^\]]*\]\s*)*)^\s*(?:pub(?:\([^)]*\))? )?mod (\w+);/gm

/**
 * Returns the tree of modules from lib.rs down: `a::b` with its files, one per system. A module
 * that exists only in tests, and everything below it, is marked as such.
 */
function rustModules(files) {
  const byName = new Map(files.map((file) => [file.name, file]))
  const modules = new Map()
  const visit = (name, own, isBelowTest) => {
    const file = byName.get(name)
    if (file === undefined) return
    const key = own.join('::')
    modules.set(key, [...(modules.get(key) ?? []), { file, own, isTest: isBelowTest }])
    const isMap = /\/(lib|mod)\.rs$/.test(name)
    const folder = isMap ? path.posix.dirname(name) : name.replace(/\.rs$/, '')
    for (const [, attributes, child] of file.text.matchAll(MOD)) {
      const given = attributes.match(/#\[path = "([^"]+)"\]/)?.[1]
      const places = given
        ? [join(name, given)]
        : ['.rs', '/mod.rs'].map((ending) => `${folder}/${child}${ending}`)
      const isTest = isBelowTest || attributes.includes('#[cfg(test)]')
      for (const place of places) visit(place, [...own, child], isTest)
    }
  }
  for (const { name } of files.filter(({ name }) => name.endsWith('/lib.rs')))
    visit(name, [], false)
  return modules
}

/** Returns every path in a file, as segments. A path in an inline module loses one `super`. */
function pathsIn(code) {
  const inside = code.search(/\bmod \w+ \{/)
  const isInside = (index) => inside !== -1 && index > inside
  const found = []
  const add = (segments, index) => {
    const isSuper = isInside(index) && segments[0] === 'super'
    found.push(isSuper ? ['self', ...segments.slice(1)] : segments)
  }
  const rest = code.replace(/\buse\s+([^;]+);/g, (all, tree, index) => {
    for (const segments of expand(tree.replace(/\s+/g, ''))) add(segments, index)
    return all.replace(/[^\n]/g, ' ')
  })
  for (const match of rest.matchAll(/(?<![\w:])\w+(?:::\w+)+/g))
    add(match[0].split('::'), match.index)
  return found
}

/** Expands `a::{b, c::d}` to `a::b` and `a::c::d`. */
function expand(tree) {
  const open = tree.indexOf('{')
  if (open === -1) return [tree.split('::').filter((each) => /^\w+$/.test(each))]
  const before = tree.slice(0, open).split('::').filter(Boolean)
  return branches(tree.slice(open + 1, tree.lastIndexOf('}'))).flatMap((branch) =>
    expand(branch).map((after) => [...before, ...after])
  )
}

/** Splits at the commas outside braces. */
function branches(text) {
  let depth = 0
  const parts = ['']
  for (const each of text) {
    depth += Number(each === '{') - Number(each === '}')
    if (each === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += each
  }
  return parts.filter((part) => part !== '')
}

/** Returns the files of the innermost module that a path leads to; none for another crate's. */
function resolve([head, ...rest], own, modules) {
  let at
  if (head === 'crate') at = []
  else if (head === 'self') at = own
  else if (head === 'super') at = own.slice(0, -1)
  else if (modules.has([...own, head].join('::'))) at = [...own, head]
  else return []
  for (const segment of rest) {
    const next = segment === 'super' ? at.slice(0, -1) : [...at, segment]
    if (!modules.has(next.join('::'))) break
    at = next
  }
  return modules.get(at.join('::')) ?? []
}

/**
 * Returns one cycle: its files in order, the first one again at the end. `undefined` if there is
 * none.
 */
export function circleAmong(edges) {
  const next = new Map()
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set()
  const search = (at, way) => {
    if (way.includes(at)) return [...way.slice(way.indexOf(at)), at]
    if (done.has(at)) return undefined
    for (const to of next.get(at) ?? []) {
      const circle = search(to, [...way, at])
      if (circle !== undefined) return circle
    }
    done.add(at)
    return undefined
  }
  for (const at of next.keys()) {
    const circle = search(at, [])
    if (circle !== undefined) return circle
  }
  return undefined
}
