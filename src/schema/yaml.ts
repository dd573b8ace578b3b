import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, parseDocument, type Scalar } from 'yaml'
import { setOwn } from './fields.ts'
import { quote } from './go-text.ts'
import { resolvePlain } from './yaml-scalars.ts'

/** Bounds of what is read: a few lines of aliases may stand for gigabytes. */
export interface YamlLimits {
  /** Characters; default 3 MiB, as large as a request may be. */
  readonly sizeMax?: number
  /** Levels of nesting; default 1,000. */
  readonly depthMax?: number
  /** Values after aliases are followed; default 1,000,000. */
  readonly valuesMax?: number
}

/** What was read, as JSON. */
export interface ParsedYaml {
  readonly value: unknown
  /** `line 4: key "metadata" already set in map`, in order of appearance. */
  readonly duplicates: readonly string[]
}

/**
 * Reads one YAML document as JSON, the way Kubernetes does: YAML 1.1 scalars (`yes` and `on` are true, `0644` is octal) without its times and
 * base-60 numbers, merge keys, keys turned into text. Throws a `SyntaxError` in the form `yaml: line 1: …`. What follows a first document is
 * left aside.
 */
export function parseYaml(text: string, limits: YamlLimits = {}): ParsedYaml {
  checkSize(text, limits)
  if (/^\s*\t\s*$/.test(text)) throw new SyntaxError(`yaml: ${errorTexts['TAB_AS_INDENT']}`)
  const lines = new LineCounter()
  const document = guarded(() => parseDocument(text, { ...options, lineCounter: lines }))
  return toJson(document, lines, limits)
}

/** Reads a stream of documents parted by `---`. Empty ones are left out. */
export function parseYamlDocuments(text: string, limits: YamlLimits = {}): ParsedYaml[] {
  checkSize(text, limits)
  const lines = new LineCounter()
  const documents = guarded(() => parseAllDocuments(text, { ...options, lineCounter: lines }))
  return [...documents].map((document) => toJson(document as Document, lines, limits)).filter(({ value }) => value !== null)
}

/** Every scalar stays text here; what an unquoted one means is told by `resolvePlain`. */
const options = {
  version: '1.2',
  schema: 'failsafe',
  merge: false,
  uniqueKeys: false,
  logLevel: 'silent',
  // A text of nothing but mistakes has a hundred thousand of them, and each would be shown with its lines. The first is told, by its place.
  prettyErrors: false,
} as const

const SIZE_MAX = 3 * 1024 * 1024
const DEPTH_MAX = 1000
const VALUES_MAX = 1_000_000

function checkSize(text: string, limits: YamlLimits): void {
  const sizeMax = limits.sizeMax ?? SIZE_MAX
  if (text.length > sizeMax) throw new SyntaxError(`yaml: document is larger than ${sizeMax} characters`)
}

/** The parser recurses; a text that nests deeper than its stack is refused like any other that nests too deep. */
function guarded<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxError('yaml: exceeded max depth', { cause: error })
    throw error
  }
}

interface Walk {
  readonly document: Document
  readonly lines: LineCounter
  readonly duplicates: string[]
  readonly depthMax: number
  valuesLeft: number
  /** What each alias stands for. */
  readonly targets: Map<unknown, unknown>
}

function toJson(document: Document, lines: LineCounter, limits: YamlLimits): ParsedYaml {
  const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS')
  if (error !== undefined)
    throw new SyntaxError(errorText(error.code, error.message, lines.linePos(error.pos[0]).line || 1), { cause: error })
  const walk: Walk = {
    document,
    lines,
    duplicates: [],
    depthMax: limits.depthMax ?? DEPTH_MAX,
    valuesLeft: limits.valuesMax ?? VALUES_MAX,
    targets: new Map(),
  }
  return { value: convert(document.contents, walk, 0), duplicates: walk.duplicates }
}

function convert(node: unknown, walk: Walk, depth: number): unknown {
  if (depth > walk.depthMax) throw new SyntaxError('yaml: exceeded max depth')
  walk.valuesLeft -= 1
  if (walk.valuesLeft < 0) throw new SyntaxError('yaml: document contains excessive aliasing')
  if (isAlias(node)) {
    // Finding an anchor looks through the document: once for each alias, not once for each time that one is followed.
    if (!walk.targets.has(node)) walk.targets.set(node, node.resolve(walk.document))
    const target = walk.targets.get(node)
    if (target === undefined) throw new SyntaxError(`yaml: unknown anchor '${node.source}' referenced`)
    return convert(target, walk, depth + 1)
  }
  if (isMap(node)) return convertMap(node, walk, depth)
  if (isSeq(node)) return node.items.map((item) => convert(item, walk, depth + 1))
  return isScalar(node) ? scalarValue(node) : null
}

function convertMap(node: { readonly items: readonly unknown[] }, walk: Walk, depth: number): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  const merged: unknown[] = []
  for (const pair of node.items) {
    if (!isPair(pair)) continue
    if (isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN') {
      merged.push(convert(pair.value, walk, depth + 1))
      continue
    }
    const key = keyText(pair.key, walk, depth)
    if (Object.hasOwn(map, key)) walk.duplicates.push(`line ${lineOf(pair.key, walk)}: key ${quote(key)} already set in map`)
    setOwn(map, key, convert(pair.value, walk, depth + 1))
  }
  for (const part of merged.flat()) {
    if (typeof part !== 'object' || part === null) throw new SyntaxError('yaml: map merge requires map or sequence of maps as the value')
    for (const [key, value] of Object.entries(part)) if (!Object.hasOwn(map, key)) setOwn(map, key, value)
  }
  return map
}

function keyText(key: unknown, walk: Walk, depth: number): string {
  const value = convert(key, walk, depth + 1)
  if (typeof value === 'object') throw new SyntaxError('yaml: unsupported type of a map key: a key must be text, a number or true or false')
  return String(value)
}

function lineOf(key: unknown, walk: Walk): number {
  const range = isScalar(key) ? key.range : undefined
  return range ? walk.lines.linePos(range[0]).line : 1
}

function scalarValue(node: Scalar): unknown {
  if (node.value instanceof Uint8Array) return Buffer.from(node.value).toString('latin1')
  const text = String(node.value ?? '')
  const isPlain = node.tag === undefined ? node.type === 'PLAIN' || node.type === undefined : typed.has(node.tag)
  const value = isPlain ? resolvePlain(text) : text
  if (typeof value === 'number' && !Number.isFinite(value)) throw new SyntaxError(`json: unsupported value: ${text}`)
  return value
}

/** Tags that say that a text, even a quoted one, is something else. */
const typed: ReadonlySet<string> = new Set(['int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`))

/** The words of the reference's parser for the mistakes that people make. */
function errorText(code: string, message: string, line: number): string {
  if (/^Flow \w+ in block collection/.test(message)) return `yaml: line ${line}: did not find expected node content`
  const text = errorTexts[code]
  return text === undefined ? `yaml: line ${line}: could not find expected ':'` : `yaml: ${text.replace('<line>', String(line))}`
}

const errorTexts: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_INDENT: 'line <line>: did not find expected key',
  MISSING_CHAR: 'line <line>: found unexpected end of stream',
  UNEXPECTED_TOKEN: 'line <line>: did not find expected node content',
}
