import { type Node, parsePattern, type RuneSet } from '#lib/re2/syntax.ts'

/**
 * A regular expression in RE2's syntax, written anew for the proxy's matcher (PCRE2 on bytes), which has a syntax of its own: `[[=a=]]`, `\x{100}` or
 * `\p{Kawi}` are a character class here and an error there, and one error is enough for the proxy to refuse everything. Matches the whole text.
 * Undefined: it tells characters beyond ASCII apart, or would be too large.
 */
export function wholePattern(source: string): string | undefined {
  const tree = parsePattern(source)
  if (sizeOf(tree) > largest) return undefined
  const text = textOf(tree)
  return text === undefined ? undefined : `\\A(?:${text})\\z`
}

/** PCRE2 takes patterns of 64 KiB in its compiled form (pcre2limits(3)); ours is an estimate from above. */
const largest = 32_768

function sizeOf(node: Node): number {
  switch (node.kind) {
    case 'set':
      return 40
    case 'assert':
      return 4
    case 'concat':
    case 'alternate':
      return node.parts.reduce((sum, part) => sum + sizeOf(part) + 4, 8)
    // A part that is repeated a number of times stands there as often.
    case 'repeat':
      return node.part.kind === 'set' ? 48 : Math.max(node.min, node.max, 1) * (sizeOf(node.part) + 12)
  }
}

function textOf(node: Node): string | undefined {
  switch (node.kind) {
    case 'set':
      return classOf(node.set)
    case 'assert':
      return assertions[node.assert]
    case 'concat':
    case 'alternate': {
      const parts = node.parts.map(textOf)
      if (parts.includes(undefined)) return undefined
      return node.kind === 'concat' ? parts.join('') : `(?:${parts.join('|')})`
    }
    case 'repeat': {
      const part = textOf(node.part)
      return part === undefined
        ? undefined
        : `${node.part.kind === 'set' ? part : `(?:${part})`}${boundsOf(node.min, node.max)}${node.greedy ? '' : '?'}`
    }
  }
}

const boundsOf = (min: number, max: number): string => (max === -1 ? `{${min},}` : `{${min},${max}}`)
const assertions = {
  'begin text': '\\A',
  'end text': '\\z',
  'begin line': '(?m:^)',
  'end line': '(?m:$)',
  'word boundary': '\\b',
  'no word boundary': '\\B',
} as const

/** A class by bytes. Of characters beyond ASCII, whose bytes are all above it, a class has all or none. */
function classOf(set: RuneSet): string | undefined {
  const beyond = samples.map(set)
  if (new Set(beyond).size > 1) return undefined
  const ranges: string[] = []
  for (let low = 0; low < 128; low += 1) {
    if (!set(low)) continue
    let high = low
    while (high < 127 && set(high + 1)) high += 1
    ranges.push(high === low ? hex(low) : `${hex(low)}-${hex(high)}`)
    low = high
  }
  if (beyond[0]) ranges.push('\\x80-\\xff')
  // No character at all.
  if (ranges.length === 0) return '(?!)'
  return ranges.length === 1 && ranges[0]!.length === 4 ? ranges[0] : `[${ranges.join('')}]`
}

const hex = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`

/**
 * One of each kind: they tell classes apart that anybody would write. Characters that are other cases of ASCII letters (U+017F, U+212A) are not among
 * them, so that `(?i)[a-z]` is a class of letters.
 */
const samples = [0x80, 0xa0, 0xaa, 0xdf, 0xe9, 0xff, 0x100, 0x391, 0x430, 0x5d0, 0x660, 0x2028, 0x3042, 0x4e2d, 0xd7a3, 0x1f600, 0x10ffff]
