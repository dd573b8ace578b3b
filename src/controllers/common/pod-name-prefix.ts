/**
 * What the names of the pods of a set, or of anything that makes pods, begin with: its own name and a dash, where that may still be a name's
 * beginning (253 letters, RFC 1123).
 */
export const podNamePrefix = (owner: string): string => (owner.length < nameMax ? `${owner}-` : owner)

const nameMax = 253
