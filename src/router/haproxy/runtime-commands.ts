import type { CertificateLine, Configuration, Server } from './configuration.ts'
import { certificateLineText, serverText, weightOf } from './configuration-files.ts'
import { escapeCommandWord as word } from './quote.ts'

/** A command for the proxy's socket, and what it answers when it did it (management manual, 9.3). */
export interface RuntimeCommand {
  readonly text: string
  readonly answer: RegExp
}

/** How a running proxy becomes another. */
export interface Difference {
  /** Why it has to read its files anew; undefined: the commands are enough. */
  readonly reload: string | undefined
  /** In order: what is added comes before what leads to it, and what is taken away after. Where a reload follows, those that cannot wait for it. */
  readonly commands: readonly RuntimeCommand[]
  /** Servers (`section/name`) that these commands take out of service; they are deleted once their last connection has ended. */
  readonly retired: readonly string[]
}

/**
 * What makes `running` into `wanted`. Endpoints, entries of maps and certificates change while it runs; other text needs a reload, but for sections
 * that nothing leads to any more: they stay until the next. `retired`: servers that were taken out of service and are still there.
 */
export function differenceOf(running: Configuration, wanted: Configuration, retired: ReadonlySet<string>, directory: string): Difference {
  const servers = serverCommands(running, wanted, retired)
  const certificates = certificateCommands(running, wanted, directory)
  const maps = mapCommands(running, wanted, directory)
  const reload = reloadReason(running, wanted)
  if (reload !== undefined) return { reload, commands: [...certificates.changed, ...servers.commands], retired: servers.retired }
  const commands = [...certificates.changed, ...certificates.added, ...servers.added, ...maps, ...servers.changed]
  if (commands.length > mostCommands || [...certificates.changed, ...certificates.added].some(({ text }) => text.length > longestCommand))
    return { reload: 'more changes than commands are made for', commands: [], retired: [] }
  return { reload: undefined, commands, retired: servers.retired }
}

/** The running configuration after these commands: as wanted, with the sections that nothing leads to any more. */
export function afterCommands(running: Configuration, wanted: Configuration): Configuration {
  const servers = new Map(wanted.servers)
  for (const [section, own] of running.servers) if (!servers.has(section)) servers.set(section, own)
  return { ...wanted, sections: running.sections, servers, certificates: new Map([...running.certificates, ...wanted.certificates]) }
}

/** The running configuration after the commands that did not wait for a reload. */
export function afterUrgent(running: Configuration, wanted: Configuration): Configuration {
  const servers = new Map(running.servers)
  for (const section of running.servers.keys()) servers.set(section, wanted.servers.get(section) ?? running.servers.get(section)!)
  const certificates = new Map(running.certificates)
  for (const file of certificates.keys()) certificates.set(file, wanted.certificates.get(file) ?? certificates.get(file)!)
  return { ...running, servers, certificates }
}

/** A command costs the proxy some tens of microseconds, a reload of a large configuration a second. */
const mostCommands = 2_000
/** A command with its payload has to fit into one buffer of 16 KiB, less what is kept free in it. */
const longestCommand = 15_000

/** What is the same value is not looked through: most of thousands of entries are, at each change. */
function reloadReason(running: Configuration, wanted: Configuration): string | undefined {
  return sectionReason(running.sections, wanted.sections) ?? certificateReason(running, wanted)
}

function sectionReason(running: Configuration['sections'], wanted: Configuration['sections']): string | undefined {
  if (running === wanted) return undefined
  for (const [header, text] of wanted) {
    const present = running.get(header)
    if (present === undefined) return `${header} is new`
    if (present !== text) return `${header} changed`
  }
  for (const header of running.keys()) if (!wanted.has(header) && !header.startsWith('backend ')) return `${header} is gone`
  return undefined
}

function certificateReason(running: Configuration, wanted: Configuration): string | undefined {
  if (running.certificateLists === wanted.certificateLists) return undefined
  for (const [file, lines] of running.certificateLists) {
    const next = wanted.certificateLists.get(file) ?? []
    if (next === lines) continue
    // No command puts a line before others.
    if (next[0] !== undefined && lines[0] !== undefined && keyOf(next[0]) !== keyOf(lines[0]))
      return `${file} begins with another certificate`
    const kept = new Set(next.map(keyOf))
    // The command that takes a line away needs its number, which no command tells reliably while lines come and go.
    if (lines.some((line) => !kept.has(keyOf(line)))) return `${file} lost a certificate`
  }
  return undefined
}

function serverCommands(running: Configuration, wanted: Configuration, retired: ReadonlySet<string>) {
  const added: RuntimeCommand[] = []
  const changed: RuntimeCommand[] = []
  const gone: string[] = []
  for (const [section, own] of wanted.servers) {
    const present = running.servers.get(section)
    // A section that is not there yet comes with its servers.
    if (present === undefined || present === own) continue
    for (const [name, server] of own) {
      const place = `${section}/${name}`
      const before = present.get(name)
      if (before === undefined && retired.has(place)) added.push(silent(`set server ${place} state ready`), weightCommand(place, server))
      else if (before === undefined)
        added.push(
          { text: `add server ${place} ${serverText(server)}`, answer: /^New server registered\.\s*$/ },
          // One that was added as `enabled` would be told to be up, and yet not take part in balancing (2.6).
          silent(`enable server ${place}`),
        )
      else if (before.isDraining !== server.isDraining) (server.isDraining ? changed : added).push(weightCommand(place, server))
    }
    for (const name of present.keys())
      if (!own.has(name)) {
        changed.push(silent(`set server ${section}/${name} state maint`))
        gone.push(`${section}/${name}`)
      }
  }
  return { added, changed, commands: [...added, ...changed], retired: gone }
}

const weightCommand = (place: string, server: Pick<Server, 'isDraining'>): RuntimeCommand =>
  silent(`set server ${place} weight ${weightOf(server)}`)

function mapCommands(running: Configuration, wanted: Configuration, directory: string): RuntimeCommand[] {
  const written: RuntimeCommand[] = []
  const deleted: RuntimeCommand[] = []
  for (const [file, entries] of wanted.maps) {
    const path = `${directory}/${file}`
    const present = running.maps.get(file) ?? new Map<string, string>()
    if (present === entries) continue
    for (const [key, value] of entries) {
      const before = present.get(key)
      if (before === undefined) written.push(silent(`add map ${path} ${word(key)} ${word(value)}`))
      else if (before !== value) written.push(silent(`set map ${path} ${word(key)} ${word(value)}`))
    }
    for (const key of present.keys()) if (!entries.has(key)) deleted.push(silent(`del map ${path} ${word(key)}`))
  }
  // A wheel of weights grows before it is turned further, and is turned less before it shrinks.
  return [...written.sort(slotsFirst), ...deleted]
}

/** Entries of slots (`w:id:3`) before the wheel's size (`w:id`), and both before the paths that lead to it. */
const slotsFirst = (left: RuntimeCommand, right: RuntimeCommand): number => rank(left.text) - rank(right.text)
const rank = (text: string): number => (/ w:[0-9a-f]+:\d+ /.test(text) ? 0 : / w:[0-9a-f]+ \d+$/.test(text) ? 1 : 2)

function certificateCommands(running: Configuration, wanted: Configuration, directory: string) {
  const changed: RuntimeCommand[] = []
  const added: RuntimeCommand[] = []
  for (const [file, text] of wanted.certificates) {
    const present = running.certificates.get(file)
    if (present === text) continue
    const path = `${directory}/${file}`
    const write = [
      { text: `set ssl cert ${path} <<\n${text.trimEnd()}\n`, answer: /^Transaction (created|updated) for certificate/ },
      { text: `commit ssl cert ${path}`, answer: /Success!/ },
    ]
    if (present === undefined) added.push({ text: `new ssl cert ${path}`, answer: /^New empty certificate store/ }, ...write)
    else changed.push(...write)
  }
  for (const [file, lines] of wanted.certificateLists) {
    if (running.certificateLists.get(file) === lines) continue
    const there = new Set((running.certificateLists.get(file) ?? []).map(keyOf))
    for (const line of lines)
      if (!there.has(keyOf(line)))
        added.push({ text: `add ssl crt-list ${directory}/${file} <<\n${certificateLineText(line, directory)}\n`, answer: /Success!/ })
  }
  return { changed, added }
}

const keyOf = ({ file, hostnames }: CertificateLine): string => [file, ...hostnames].join(' ')
/** Most commands say nothing when they are done, and why when they are not. */
const silent = (text: string): RuntimeCommand => ({ text, answer: /^\s*$/ })
