// Finds out from a test's source which blocks of the documents it takes: its calls of the functions
// that documentBlocks() returned. A block that is taken but not used does not count.

import ts from 'typescript'

/** Returns a `{ document, beginning, heading }` for each. Throws if one is not a literal. */
export function claimsIn({ name, text }) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const documents = new Map()
  const claims = []
  const literal = (node) => {
    if (ts.isStringLiteral(node)) return node.text
    throw new Error(`${name}: write it out: ${node.getText()}`)
  }
  const visit = (node) => {
    const callee = ts.isCallExpression(node) ? node.expression.getText() : undefined
    if (callee === 'documentBlocks' && ts.isVariableDeclaration(node.parent)) {
      documents.set(node.parent.name.getText(), literal(node.arguments[0]))
    } else if (documents.has(callee) && !ts.isExpressionStatement(node.parent)) {
      const [beginning, heading] = node.arguments.map(literal)
      claims.push({ document: documents.get(callee), beginning, heading })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return claims
}
