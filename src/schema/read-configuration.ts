import { type Cause, WherryError } from '#lib/errors.ts'
import { decode } from './decode.ts'
import type { AnyType } from './schema.ts'
import { parseYaml } from './yaml.ts'

/** How a configuration may name itself, and whether what its type does not have is an error: the reference ignores it in its oldest ones. */
export interface ConfigurationForms {
  /** The first is the one to use. */
  readonly forms: readonly { readonly apiVersion: string; readonly kind: string }[]
  readonly isLenient?: boolean
}

/**
 * Reads a configuration file (YAML or JSON), strictly; of apiserver.config.k8s.io, unless `forms` says of what else. Error: `Invalid`, which
 * says what is not understood.
 */
export function readConfiguration(
  type: AnyType,
  kind: string,
  text: string,
  { forms, isLenient = false }: ConfigurationForms = { forms: versions.map((apiVersion) => ({ apiVersion, kind })) },
): unknown {
  let parsed: ReturnType<typeof parseYaml>
  try {
    parsed = parseYaml(text)
  } catch (error) {
    throw new WherryError('Invalid', `the ${kind} is not YAML: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  const { apiVersion, kind: given } = (parsed.value ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown }
  if (!forms.some((form) => form.kind === given && form.apiVersion === apiVersion))
    throw new WherryError(
      'Invalid',
      `no kind "${String(given)}" is registered for version "${String(apiVersion)}": use kind "${forms[0]!.kind}" of "${forms[0]!.apiVersion}"`,
    )
  const { value, unknown, errors } = decode(type, parsed.value)
  const problems = [...errors, ...(isLenient ? [] : [...parsed.duplicates, ...unknown])]
  if (problems.length > 0) throw new WherryError('Invalid', `strict decoding error: ${problems.join(', ')}`)
  return value
}

const versions = ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1']

/** Throws `Invalid` with all causes, in the form in which the reference tells several at once; returns when there are none. */
export function refuseConfiguration(causes: readonly Cause[]): void {
  if (causes.length === 0) return
  const texts = causes.map(({ field, message }) => `${field}: ${message}`)
  throw new WherryError('Invalid', texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`, { causes })
}
