import type { Random } from '#lib/random.ts'

/** The name given, or one made of generateName; '' when there is neither. */
export function nameOrGenerateName(
  metadata: { readonly name?: string | undefined; readonly generateName?: string | undefined },
  random: Random,
): string {
  if (metadata.name) return metadata.name
  if (!metadata.generateName) return ''
  // Names may have 63 characters; the suffix has to fit.
  return `${metadata.generateName.slice(0, 63 - suffixLength)}${suffix(random)}`
}

const suffix = (random: Random): string => Array.from({ length: suffixLength }, () => letters[random.below(letters.length)]).join('')
/** Neither vowels nor look-alikes, so that no words appear. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
