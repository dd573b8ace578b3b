/** Reading Markdown for its test, as far as these documents use it. Paths are relative to the root of the repository. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** A piece of a document: a link's target, a code span, a line. */
export interface Found {
  readonly where: string
  readonly text: string
}

export interface Block extends Found {
  readonly language: string
}

export function blocksOf(path: string): Block[] {
  return [...read(path).matchAll(/^( *)```([^\n]*)\n([\s\S]*?)\n\1```$/gm)].map(([, indent, language, text]) => ({
    where: path,
    language: language!.trim(),
    text: text!
      .split('\n')
      .map((line) => (line.startsWith(indent!) ? line.slice(indent!.length) : line))
      .join('\n'),
  }))
}

/** Everything that is no block. */
const proseOf = (path: string): string => read(path).replaceAll(/^( *)```[^\n]*\n[\s\S]*?\n\1```$/gm, '')

export const linksOf = (path: string): Found[] =>
  [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, text]) => ({ where: path, text: text! }))

export const spansIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, span]) => span!)
export const spansOf = (path: string): Found[] => spansIn(proseOf(path)).map((text) => ({ where: path, text }))
export const unquoted = (cell: string): string => cell.replaceAll('`', '')

export const linesOf = ({ where, text }: Block): Found[] =>
  text
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => ({ where, text: line }))

/** Words as a shell parts them, up to a pipe or a redirection, without leading assignments. */
export function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare!)
  const end = words.findIndex((word) => /^([|>]|&&)/.test(word))
  const own = end < 0 ? words : words.slice(0, end)
  return own.slice(own.findIndex((word) => !/^[A-Z_]+=/.test(word)))
}

/** Rows of the table whose head matches, as cells. */
export function tableAfter(path: string, head: RegExp): string[][] {
  const lines = read(path).split('\n')
  const at = lines.findIndex((line) => head.test(line))
  assert.ok(at >= 0, `${path} has no table ${head}`)
  const rows = lines.slice(at + 2)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end < 0 ? rows.length : end).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

export const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .replaceAll(/\s/g, '-')
