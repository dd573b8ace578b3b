import { WherryError } from '#lib/errors.ts'

/** What `kubectl get --raw /api/v1/nodes/<node>/proxy/logs/?query=…` asks (Kubernetes documentation, "System Logs"; KEP-2258). */
export interface NodeLogQuery {
  readonly services: readonly string[]
  /** A path below /var/log. */
  readonly files: readonly string[]
  readonly sinceTime?: string
  readonly untilTime?: string
  readonly tailLines?: number
  readonly boot?: number
  readonly pattern?: string
}

const maxServices = 4
const maxServiceLength = 256
const maxTailLines = 100_000

/** Undefined: the request asks for a file by its path. Throws `BadRequest` for values that are none, `NotAcceptable` for what does not go together. */
export function parseNodeLogQuery(query: URLSearchParams): NodeLogQuery | undefined {
  const asked = query.getAll('query')
  // A slash of either sort says that a file is meant.
  const files = asked.filter((one) => /[/\\]/.test(one))
  const services = asked.filter((one) => !/[/\\]/.test(one) && one.trim() !== '')
  const problems: string[] = []
  if (asked.length > 0 && files.length + services.length === 0)
    problems.push(`query: Invalid value: ${JSON.stringify(asked)}: may not be empty`)
  const time = (name: string): string | undefined => {
    const value = query.get(name)
    if (!value) return undefined
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) || Number.isNaN(Date.parse(value)))
      problems.push(`${name}: Invalid value: ${JSON.stringify(value)}: invalid time format`)
    return value
  }
  const number = (name: string): number | undefined => {
    const value = query.get(name)
    if (!value) return undefined
    if (!/^[+-]?\d+$/.test(value))
      problems.push(`${name}: Invalid value: ${JSON.stringify(value)}: strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`)
    return Number(value)
  }
  const [sinceTime, untilTime, boot, tailLines] = [time('sinceTime'), time('untilTime'), number('boot'), number('tailLines')]
  const pattern = query.get('pattern') || undefined
  if (problems.length > 0) throw new WherryError('BadRequest', aggregate(problems))
  const options = {
    ...(sinceTime !== undefined && { sinceTime }),
    ...(untilTime !== undefined && { untilTime }),
    ...(tailLines !== undefined && { tailLines }),
    ...(boot !== undefined && { boot }),
    ...(pattern !== undefined && { pattern }),
  }
  if (asked.length === 0 && Object.keys(options).length === 0) return undefined
  const found = { services, files, ...options }
  const contradictions = check(found, options)
  if (contradictions.length > 0) throw new WherryError('NotAcceptable', aggregate(contradictions))
  return found
}

/** Arguments of journalctl(1). Services are checked: none of them can be another argument. */
export function journalArguments({ sinceTime, untilTime, tailLines, boot, pattern }: NodeLogQuery, services: readonly string[]): string[] {
  const date = (text: string) => new Date(text).toISOString().slice(0, 19).replace('T', ' ')
  return [
    '--utc',
    '--no-pager',
    '--output=short-precise',
    ...(sinceTime === undefined ? [] : [`--since=${date(sinceTime)}`]),
    ...(untilTime === undefined ? [] : [`--until=${date(untilTime)}`]),
    ...(tailLines === undefined ? [] : ['--pager-end', `--lines=${tailLines}`]),
    ...services.map((service) => `--unit=${service}`),
    ...(pattern === undefined ? [] : [`--grep=${pattern}`]),
    ...(boot === undefined ? [] : ['--boot', String(boot)]),
  ]
}

function check({ services, files, sinceTime, untilTime, tailLines, boot, pattern }: NodeLogQuery, options: object): string[] {
  const [hasFiles, hasServices] = [files.length > 0, services.length > 0]
  const shown = JSON.stringify(files)
  return [
    ...services.flatMap((service) => {
      if (service.length > maxServiceLength)
        return [`query: Invalid value: ${JSON.stringify(service)}: length must be less than ${maxServiceLength}`]
      return /^[a-zA-Z\-_.:0-9@]+$/.test(service)
        ? []
        : [`query: Invalid value: ${JSON.stringify(service)}: input contains unsupported characters`]
    }),
    ...(services.length > maxServices ? [`query: Too many: ${services.length}: must have at most ${maxServices} items`] : []),
    ...(hasFiles || hasServices ? [] : ['query: Required value: cannot be empty with options']),
    ...(hasFiles && hasServices
      ? [`query: Invalid value: "[${files.join(' ')}], [${services.join(' ')}]": cannot specify a file and service`]
      : []),
    ...(!hasServices && files.length > 1 ? [`query: Invalid value: ${shown}: cannot specify more than one file`] : []),
    ...(!hasServices && files.length === 1 && Object.keys(options).length > 0
      ? [`query: Invalid value: ${shown}: cannot specify file with options`]
      : []),
    ...(sinceTime !== undefined && untilTime !== undefined && Date.parse(sinceTime) > Date.parse(untilTime)
      ? [`untilTime: Invalid value: ${JSON.stringify(untilTime)}: must be after \`sinceTime\``]
      : []),
    ...(boot !== undefined && boot > 0 ? [`boot: Invalid value: ${boot}: must be less than 1`] : []),
    ...(tailLines !== undefined && (tailLines < 0 || tailLines > maxTailLines)
      ? [`tailLines: Invalid value: ${tailLines}: must be between 0 and ${maxTailLines}, inclusive`]
      : []),
    ...(pattern === undefined || isPattern(pattern) ? [] : [`pattern: Invalid value: ${JSON.stringify(pattern)}: error parsing regexp`]),
  ]
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') !== undefined
  } catch {
    // journalctl would fail on it too, later and with less to say.
    return false
  }
}

const aggregate = (problems: readonly string[]): string => (problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`)
