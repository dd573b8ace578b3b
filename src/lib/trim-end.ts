/**
 * The text without the characters of `set` at its end. In time linear to what is taken away: a regular expression for it is tried at every place
 * of the text, and runs to the end of each row of such characters, which takes the square of their number.
 */
export function trimEnd(text: string, set: string): string {
  let end = text.length
  while (end > 0 && set.includes(text[end - 1]!)) end -= 1
  return text.slice(0, end)
}
