/**
 * What bytes stand for, told by who made them to whoever reads them in the same process: such a reader need not parse. Bytes that were
 * copied, cut or put together with others have no meaning here, and are read as any others.
 */
const meanings = new WeakMap<Uint8Array, () => unknown>()

/** `meaning` is asked at most when somebody reads; what it gives is shared by all readers, and has to be frozen. */
export const noteMeaning = (bytes: Uint8Array, meaning: () => unknown): void => void meanings.set(bytes, meaning)

/** What was noted for these very bytes, frozen; undefined where nothing was, so that they have to be parsed. */
export const meaningOf = (bytes: Uint8Array): unknown => meanings.get(bytes)?.()
