import { WherryError } from '#lib/errors.ts'

/**
 * The value of a variable in a file of `NAME='value'` lines (KEP-3721): only single quotes, nothing expanded, values over several lines, `#` for
 * comments. '' for a variable that is not there. Throws `Invalid` for a line that is none of this, so far as the search reads.
 */
export function envFileValue(text: string, key: string): string {
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index]!.replace(/\r$/, '').replace(/^[ \t]+/, '')
    if (line === '' || line.startsWith('#')) continue
    const refuse = (why: string, where = `at line ${index + 1}`) =>
      new WherryError('Invalid', `invalid environment variable format ${where}: ${why}`)
    const from = `starting at line ${index + 1}`
    const equals = line.indexOf('=')
    if (equals < 0) throw refuse("missing '='")
    const name = line.slice(0, equals)
    if (name.trim() === '') throw refuse('empty variable name')
    if (/[ \t]$/.test(name)) throw refuse("whitespace before '=' is not allowed")
    const quoted = line.slice(equals + 1)
    // As in a shell: what follows a blank belongs to nothing.
    if (/^[ \t]/.test(quoted) || quoted === '') {
      if (quoted === '') throw refuse('value must be enclosed in single quotes')
      if (name === key) return ''
      continue
    }
    if (!quoted.startsWith("'")) throw refuse('value must be enclosed in single quotes')
    let value = quoted.slice(1)
    while (!value.includes("'")) {
      index += 1
      if (index >= lines.length) throw refuse('unclosed single quote', from)
      value += `\n${lines[index]!.replace(/\r$/, '')}`
    }
    const end = value.indexOf("'")
    const rest = value.slice(end + 1).trim()
    if (rest !== '' && !rest.startsWith('#')) throw refuse('unexpected content after closing quote')
    if (name === key) return value.slice(0, end)
  }
  return ''
}

/** As much of a file as is read: what is larger holds no settings. */
export const ENV_FILE_LIMIT_BYTES = 64 * 1024
