import { type Item, passingObjectOf } from './item.ts'

type Labels = Readonly<Record<string, string>>

/** An item's labels, without decoding the rest of it where that can be avoided. */
export const labelsOf = (item: Item): Labels => item.object?.metadata.labels ?? (item.object === undefined ? read(item) : none)

/**
 * Before its labels stored metadata has only texts and numbers, so what begins as labels before any other brace are the object's own. Inside
 * a text the quotes would be escaped.
 */
function read(item: Item): Labels {
  const { value } = item
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const metadata = bytes.indexOf(metadataStart)
  const at = metadata < 0 ? -1 : bytes.indexOf(labelsStart, metadata)
  if (at > 0) {
    const start = at + labelsStart.length - 1
    const before = bytes.toString('latin1', metadata + metadataStart.length, at)
    const end = bytes.indexOf(closingBrace, start)
    if (!/[{}]/.test(before) && end > 0) {
      try {
        return JSON.parse(bytes.toString('utf8', start, end + 1)) as Labels
      } catch (error) {
        // A brace in a value: not a label that is allowed today, but one may lie in the store.
        if (!(error instanceof SyntaxError)) throw error
      }
    }
  }
  return passingObjectOf(item).metadata.labels ?? none
}

const none: Labels = {}
const metadataStart = Buffer.from('"metadata":{')
const labelsStart = Buffer.from('"labels":{')
const closingBrace = 0x7d
