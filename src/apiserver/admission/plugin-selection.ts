import { WherryError } from '#lib/errors.ts'
import { admissionOrder, offByDefault } from './order.ts'

/** Which plug-ins run beside, or of, those that are on by default: the reference's `--enable-admission-plugins` and `--disable-admission-plugins`. */
export interface PluginSelection {
  readonly enabled?: readonly string[] | undefined
  readonly disabled?: readonly string[] | undefined
}

/**
 * Tells of a name whether that plug-in is to run. Errors: `Invalid`, all at once and in the reference's words, for names that no plug-in has and
 * for those that are to run and not to run.
 */
export function selectPlugins({ enabled = [], disabled = [] }: PluginSelection): (name: string) => boolean {
  const unknownIn = (option: string, names: readonly string[]) =>
    names.filter((name) => !admissionOrder.includes(name)).map((name) => `${option} plugin ${JSON.stringify(name)} is unknown`)
  const unknown = [...unknownIn(enableOption, enabled), ...unknownIn(disableOption, disabled)]
  const both = [...new Set(enabled)].filter((name) => disabled.includes(name)).sort()
  const problems = [...unknown, ...(both.length > 0 ? [`[${both.join(' ')}] in ${enableOption} and ${disableOption} overlapped`] : [])]
  if (problems.length > 0) {
    const text = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
    const help = unknown.length > 0 ? `; there are ${admissionOrder.toSorted().join(', ')}` : ''
    throw new WherryError('Invalid', `${text}${help}`)
  }
  return (name) => enabled.includes(name) || !(disabled.includes(name) || offByDefault.has(name))
}

const enableOption = 'enable-admission-plugins'
const disableOption = 'disable-admission-plugins'
