/**
 * One word of HAProxy's configuration that means exactly this text: within single quotes nothing is expanded (configuration manual, 2.2 "Quoting and
 * escaping"). Line ends have no form in that language, so they are an error of ours: `routeProblem` lets none through.
 */
export function quote(text: string): string {
  if (/[^\t -~]/.test(text)) throw new RangeError(`not a text that HAProxy's configuration can hold: ${JSON.stringify(text)}`)
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** The same where the word is read as a format, in which `%` begins a variable. `before` and `after` are formats of our own, put around it. */
export const quoteFormat = (text: string, before = '', after = ''): string => quote(`${before}${literal(text)}${after}`)

/** A text as it stands within a format. */
export const literal = (text: string): string => text.replaceAll('%', '%%')

/** An argument of a sample fetch such as `req.fhdr(…)`. The word around it has to be quoted as well. Header names have no `"` and no `\`. */
export const quoteArgument = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`

/** A word of a runtime command: what separates words and commands is marked (management manual, 9.3). */
export const escapeCommandWord = (text: string): string => text.replaceAll(/[\\ ;"'#$\t<]/g, '\\$&')
