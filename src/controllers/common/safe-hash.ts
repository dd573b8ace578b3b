/** Names a text in ten characters that cannot spell a word: always the same ones for the same text. FNV-1a, 32 bits. */
export function safeHash(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return [...String(hash >>> 0)].map((digit) => safeCharacters[digit.charCodeAt(0) % safeCharacters.length]).join('')
}

const safeCharacters = 'bcdfghjklmnpqrstvwxz2456789'
