import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  stringify,
  type Tags,
} from 'yaml'
import { setOwn } from './fields.ts'
import { quote } from './go-text.ts'

export interface YamlLimits {
  /** Characters; default 3 MiB, as large as a request may be. */
  readonly sizeMax?: number
  /** Levels of nesting; default 1,000. */
  readonly depthMax?: number
  /** Values after aliases are followed; default 1,000,000. */
  readonly valuesMax?: number
}

export interface ParsedYaml {
  readonly value: unknown
  /** `line 4: key "metadata" already set in map`, in order of appearance. */
  readonly duplicates: readonly string[]
}

/**
 * Reads one YAML document as JSON, the way Kubernetes does: YAML 1.1 scalars (`yes` and `on` are true, `0644` is octal) without its times and
 * base-60 numbers, merge keys, keys turned into text. Throws a `SyntaxError` in the form `yaml: line 1: …`.
 */
export function parseYaml(text: string, limits: YamlLimits = {}): ParsedYaml {
  checkSize(text, limits)
  const lines = new LineCounter()
  const document = guarded(() => parseDocument(text, { ...options, lineCounter: lines }))
  return toJson(document, lines, limits)
}

/** Reads a stream of documents parted by `---`. Empty ones are left out. */
export function parseYamlDocuments(text: string, limits: YamlLimits = {}): ParsedYaml[] {
  checkSize(text, limits)
  const lines = new LineCounter()
  const documents = guarded(() => parseAllDocuments(text, { ...options, lineCounter: lines }))
  if (!Array.isArray(documents)) return []
  return documents.map((document) => toJson(document as Document, lines, limits)).filter(({ value }) => value !== null)
}

/** Writes YAML as kubectl shows it: keys in the value's own order, text quoted only where it would read as something else. */
export function formatYaml(value: unknown): string {
  return stringify(value, { version: '1.1', schema: 'yaml-1.1', lineWidth: 0, indentSeq: false, aliasDuplicateObjects: false })
}

/** Base-60 numbers would turn `8080:80` into a number, and times would lose their text. */
const unwanted = new Set(['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:set', 'tag:yaml.org,2002:omap', 'tag:yaml.org,2002:pairs'])

const options = {
  version: '1.1',
  schema: 'yaml-1.1',
  merge: false,
  uniqueKeys: false,
  keepSourceTokens: false,
  logLevel: 'silent',
  customTags: (tags: Tags): Tags =>
    tags.filter((tag) => typeof tag === 'string' || (!unwanted.has(tag.tag) && !('format' in tag && tag.format === 'TIME'))),
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
}

function toJson(document: Document, lines: LineCounter, limits: YamlLimits): ParsedYaml {
  const [error] = document.errors
  if (error !== undefined) throw new SyntaxError(errorText(error.code, error.linePos?.[0].line ?? 1), { cause: error })
  const walk: Walk = {
    document,
    lines,
    duplicates: [],
    depthMax: limits.depthMax ?? DEPTH_MAX,
    valuesLeft: limits.valuesMax ?? VALUES_MAX,
  }
  return { value: convert(document.contents, walk, 0), duplicates: walk.duplicates }
}

function convert(node: unknown, walk: Walk, depth: number): unknown {
  if (depth > walk.depthMax) throw new SyntaxError('yaml: exceeded max depth')
  walk.valuesLeft -= 1
  if (walk.valuesLeft < 0) throw new SyntaxError('yaml: document contains excessive aliasing')
  if (isAlias(node)) return convert(resolveAlias(node, walk), walk, depth + 1)
  if (isMap(node)) return convertMap(node, walk, depth)
  if (isSeq(node)) return node.items.map((item) => convert(item, walk, depth + 1))
  return isScalar(node) ? scalarValue(node.value) : null
}

function resolveAlias(node: unknown, walk: Walk): unknown {
  const target = isAlias(node) ? node.resolve(walk.document) : undefined
  if (target === undefined) throw new SyntaxError(`yaml: unknown anchor '${isAlias(node) ? node.source : ''}' referenced`)
  return target
}

function convertMap(node: { items: unknown[] }, walk: Walk, depth: number): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  const merged: Record<string, unknown>[] = []
  for (const pair of node.items) {
    if (!isPair(pair)) continue
    const key = keyText(pair.key, walk, depth)
    if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
      const part = convert(pair.value, walk, depth + 1)
      merged.push(...(Array.isArray(part) ? part : [part]))
      continue
    }
    if (Object.hasOwn(map, key)) walk.duplicates.push(`line ${lineOf(pair.key, walk)}: key ${quote(key)} already set in map`)
    setOwn(map, key, convert(pair.value, walk, depth + 1))
  }
  for (const part of merged) for (const key of Object.keys(part)) if (!Object.hasOwn(map, key)) setOwn(map, key, part[key])
  return map
}

function keyText(key: unknown, walk: Walk, depth: number): string {
  const value = convert(key, walk, depth + 1)
  if (typeof value === 'object') throw new SyntaxError('yaml: unsupported map key')
  return String(value)
}

function lineOf(key: unknown, walk: Walk): number {
  const range = isScalar(key) ? key.range : undefined
  return range ? walk.lines.linePos(range[0]).line : 1
}

function scalarValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (typeof value === 'number' && !Number.isFinite(value)) throw new SyntaxError(`json: unsupported value: ${value}`)
  return value === undefined ? null : value
}

/** The words of the reference's parser for the mistakes that people make. */
function errorText(code: string, line: number): string {
  const text = errorTexts[code]
  return text === undefined
    ? `yaml: line ${line}: could not find expected ':'`
    : `yaml: ${text.startsWith('did') ? `line ${line}: ` : ''}${text}`
}

const errorTexts: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_INDENT: 'did not find expected key',
  MISSING_CHAR: 'did not find expected node content',
  UNEXPECTED_TOKEN: 'did not find expected node content',
}
