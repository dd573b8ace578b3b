/** Whether the text names a time zone of the IANA database, in its own letters: names are files, so case counts. */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true
  // An offset is no name, and every name has a capital letter.
  if (!/^[A-Za-z]/.test(name) || name === name.toLowerCase()) return false
  try {
    const resolved = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
    // An alias resolves to another name, and says nothing about its letters.
    return resolved === name || resolved.toLowerCase() !== name.toLowerCase()
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
