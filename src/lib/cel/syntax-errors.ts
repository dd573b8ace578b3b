import type { Issue } from './errors.ts'
import type { Token } from './lexer.ts'

/** What is wrong with a source that is not of the grammar. */
export function syntaxErrors(_source: string, tokens: readonly Token[], unread: readonly Issue[]): readonly Issue[] {
  const last = tokens.at(-1) as Token
  return [...unread, { offset: last.offset, message: `Syntax error: mismatched input '${last.text === '' ? '<EOF>' : last.text}'` }]
}
