import type { Expr } from './ast.ts'

/** How deep operators, calls and selections stand in each other. Walks without recursion, since it is what makes recursion safe. */
export function operatorDepth(root: Expr): number {
  let deepest = 0
  const open: { readonly node: Expr; readonly depth: number }[] = [{ node: root, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node } = next
    const depth = next.depth + (isCounted(node) ? 1 : 0)
    deepest = Math.max(deepest, depth)
    for (const child of childrenOf(node)) open.push({ node: child, depth })
  }
  return deepest
}

/** `&&` and `||` are balanced, and count for nothing. */
const isCounted = (node: Expr): boolean =>
  node.kind === 'select' ||
  (node.kind === 'call' &&
    node.name !== '_&&_' &&
    node.name !== '_||_' &&
    (node.target !== undefined || node.name.includes('_') || node.name === '@in'))

/** Nodes of a tree, counted no further than `most`. */
export function nodeCount(root: Expr, most: number): number {
  const open: Expr[] = [root]
  let count = 0
  for (let next = open.pop(); next !== undefined && count < most; next = open.pop()) {
    count++
    open.push(...childrenOf(next))
  }
  return count
}

/** The nodes right below one. */
export function childrenOf(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case 'literal':
    case 'ident':
      return []
    case 'select':
      return [node.operand]
    case 'call':
      return node.target === undefined ? node.args : [node.target, ...node.args]
    case 'list':
      return node.items
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value])
    case 'struct':
      return node.fields.map(({ value }) => value)
    case 'comprehension':
      return [node.range, node.initial, node.condition, node.step, node.result]
  }
}
