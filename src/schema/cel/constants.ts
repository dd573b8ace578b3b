import type { Expr, ListExpr, MapExpr } from '#lib/cel/ast.ts'
import type { Issue } from '#lib/cel/errors.ts'
import { clauseErrors, formatPieces } from '#lib/cel/format-text.ts'
import { childrenOf } from '#lib/cel/operator-depth.ts'
import { parseDuration, parseTimestamp } from '#lib/cel/time-text.ts'
import { type CelType, isDyn, isOptional, sameType } from '#lib/cel/types.ts'
import { PatternError, pattern } from '#lib/re2/re2.ts'

/**
 * What the types cannot say of a checked tree: broken constants, lists of unlike items, formats that do not fit their arguments. The
 * order is that of the reference's validators, each over the whole tree.
 */
export function checkConstants(root: Expr): readonly Issue[] {
  const issues: Issue[] = []
  const nodes: Expr[] = []
  walk(root, (node) => nodes.push(node))
  const argumentOf = (node: Expr, name: string, position: number): { readonly offset: number; readonly value: string } | undefined => {
    if (node.kind !== 'call' || node.name !== name) return undefined
    const argument = (node.target === undefined || name !== 'matches' ? node.args[position] : node.args[0]) as Expr | undefined
    return argument?.kind === 'literal' && typeof argument.value === 'string'
      ? { offset: argument.offset, value: argument.value }
      : undefined
  }
  const each = (name: string, position: number, holds: (value: string) => boolean): void => {
    for (const node of nodes) {
      const argument = argumentOf(node, name, position)
      if (argument !== undefined && !holds(argument.value)) issues.push({ offset: argument.offset, message: `invalid ${name} argument` })
    }
  }
  each('duration', 0, (value) => parseDuration(value) !== undefined)
  each('timestamp', 0, (value) => parseTimestamp(value) !== undefined)
  each('matches', 1, isPattern)
  homogeneous(root, issues, false)
  for (const node of nodes) formatIssue(node, issues)
  return issues
}

function isPattern(source: string): boolean {
  try {
    pattern(source)
    return true
  } catch (error) {
    if (error instanceof PatternError) return false
    throw error
  }
}

function walk(node: Expr, visit: (node: Expr) => void): void {
  visit(node)
  for (const child of childrenOf(node)) walk(child, visit)
}

/** Items of one list, keys of one map, values of one map have one type. Arguments of `format` may be of any. */
function homogeneous(node: Expr, issues: Issue[], exempt: boolean): void {
  if (node.kind === 'list' && !exempt) uniform(node, issues)
  if (node.kind === 'map' && !exempt) uniformMap(node, issues)
  const inside = exempt || (node.kind === 'call' && node.name === 'format')
  for (const child of childrenOf(node)) homogeneous(child, issues, inside)
}

const typeOf = (node: Expr, optional: boolean): CelType => {
  const type = node.type as CelType
  return optional && isOptional(type) ? (type.parameters[0] as CelType) : type
}
function mismatch(first: CelType, other: CelType, offset: number, issues: Issue[]): boolean {
  if (sameType(first, other)) return false
  issues.push({ offset, message: `expected type '${first.text}' but found '${other.text}'` })
  return true
}

function uniform(node: ListExpr, issues: Issue[]): void {
  let first: CelType | undefined
  for (const [index, item] of node.items.entries()) {
    const type = typeOf(item, node.optionals.has(index))
    if (first === undefined) first = type
    else if (mismatch(first, type, item.offset, issues)) return
  }
}

function uniformMap(node: MapExpr, issues: Issue[]): void {
  let [key, value]: [CelType | undefined, CelType | undefined] = [undefined, undefined]
  for (const entry of node.entries) {
    const type = typeOf(entry.value, entry.optional)
    if (key === undefined || value === undefined) {
      key = entry.key.type as CelType
      value = type
      continue
    }
    mismatch(key, entry.key.type as CelType, entry.key.offset, issues)
    mismatch(value, type, entry.value.offset, issues)
  }
}

const clauseTypes: Readonly<Record<string, readonly string[]>> = {
  s: ['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'],
  d: ['int', 'uint'],
  f: ['double', 'string'],
  e: ['double', 'string'],
  b: ['int', 'uint', 'bool'],
  o: ['int', 'uint'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
}

/** `'…'.format([…])`, both written out. */
function formatIssue(node: Expr, issues: Issue[]): void {
  if (node.kind !== 'call' || node.name !== 'format' || node.target?.kind !== 'literal' || typeof node.target.value !== 'string') return
  const list = node.args[0]
  if (list?.kind !== 'list') return
  const pieces = formatPieces(node.target.value)
  if (typeof pieces === 'string') {
    issues.push({ offset: node.offset, message: pieces })
    return
  }
  let next = 0
  for (const piece of pieces) {
    if ('text' in piece) continue
    const argument = list.items[next]
    if (argument === undefined) {
      issues.push({ offset: node.offset, message: `index ${next} out of range` })
      return
    }
    next++
    const type = argument.type as CelType
    if (isDyn(type) || clauseTypes[piece.verb]?.includes(type.kind)) continue
    issues.push({ offset: argument.offset, message: `error during formatting: ${clauseErrors[piece.verb]}, was given ${type.text}` })
    return
  }
  if (list.items.length > next)
    issues.push({
      offset: node.offset,
      message: `too many arguments supplied to string.format (expected ${next}, got ${list.items.length})`,
    })
}
