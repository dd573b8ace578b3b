/**
 * What the names of things that are made for an object begin with (`generateName`): its own name and a dash, where that may still be a name's
 * beginning (253 letters, RFC 1123).
 */
export const namePrefix = (owner: string): string => (owner.length < nameMax ? `${owner}-` : owner)

const nameMax = 253
