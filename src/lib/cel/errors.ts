/** One thing wrong with an expression, at a place in its source (UTF-16 offset; -1: no place). */
export interface Issue {
  readonly offset: number
  readonly message: string
}

/** Raised by `evaluate`: a run-time error of an expression, in the words of the reference implementation. */
export class CelError extends Error {
  /** The expression was ended because it cost more than it may. */
  readonly overBudget: boolean
  constructor(message: string, overBudget = false) {
    super(message)
    this.name = 'CelError'
    this.overBudget = overBudget
  }
}

/**
 * Issues as text, in the order of their places: message, the line they are in, and a caret under the character. Wide characters get wide
 * dots, so that the caret stands right (cel-go prints them so, and clients see it).
 */
export function renderIssues(source: string, issues: readonly Issue[]): string {
  const lines = source.split('\n')
  const placed = issues.slice(0, maxIssues).map((issue) => ({ ...issue, ...placeOf(source, issue.offset) }))
  placed.sort((a, b) => a.line - b.line || a.column - b.column)
  const rendered = placed.map(
    ({ message, line, column }) =>
      `ERROR: <input>:${line}:${column + 1}: ${message}${source === '' ? '' : snippet(lines[line - 1], column)}`,
  )
  if (issues.length > maxIssues) rendered.push(`${issues.length - maxIssues} more errors were truncated`)
  return rendered.join('\n')
}

/** As many as cel-go lists. */
const maxIssues = 100
/** Longer lines are not shown (bytes). */
const maxSnippetBytes = 16_384

function placeOf(source: string, offset: number): { line: number; column: number } {
  if (offset < 0) return { line: -1, column: -1 }
  // The reference counts so for a source of nothing.
  if (source === '') return { line: 1, column: -1 }
  const before = source.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: [...before.slice(start)].length }
}

function snippet(line: string | undefined, column: number): string {
  if (line === undefined || Buffer.byteLength(line) > maxSnippetBytes) return ''
  const characters = [...line.replaceAll('\t', ' ')]
  const wide = (character: string | undefined): boolean => character !== undefined && (character.codePointAt(0) ?? 0) > 0x7f
  const dots = characters.slice(0, Math.max(column, 0)).map((character) => (wide(character) ? '\uff0e' : '.'))
  return `\n | ${characters.join('')}\n | ${dots.join('')}${wide(characters[column]) ? '\uff3e' : '^'}`
}
