import { isIPv6 } from 'node:net'
import { sameList } from '../memory.ts'
import { atOnce, isPause, type Steps } from '../turns.ts'
import type { CertificateLine, Configuration, Server } from './configuration.ts'

/** Name of the file that the proxy is started with. */
export const mainFile = 'haproxy.cfg'

/** Folders of the files beside it. Of the first, the proxy is told as well: it reads all files in there whose names end in `.cfg`. */
export const backendFolder = 'backends'
export const configurationFolders: readonly string[] = [backendFolder, 'maps', 'certificates']

/** Every file of a configuration with its text, by its name below the folder of all. What is read by name stands in the first. */
export type ConfigurationFiles = ReadonlyMap<string, string>

/**
 * Writes the files of configurations for one folder, one after the other; what is the same value as in the configuration before has the same text. The
 * sections of backends are spread over several files, each by its name, so that an endpoint costs one small file and not all of them.
 */
export function createFileWriter(directory: string): (configuration: Configuration) => Steps<ConfigurationFiles> {
  const mapTexts = new WeakMap<object, string>()
  const listTexts = new WeakMap<object, string>()
  let layout: Layout | undefined
  let texts = new Map<string, { readonly entries: readonly Entry[]; readonly servers: readonly unknown[]; readonly text: string }>()

  return function* ({ sections, servers, maps, certificateLists, certificates }) {
    if (layout?.sections !== sections) layout = yield* layOut(sections, layout)
    const files = new Map([[mainFile, layout.main]])
    const next: typeof texts = new Map()
    for (const [file, entries] of layout.shards) {
      const own = entries.map(({ name }) => servers.get(name))
      const before = texts.get(file)
      const isSame =
        before !== undefined && sameList(before.entries, entries) === before.entries && sameList(before.servers, own) === before.servers
      const shard = isSame
        ? before
        : { entries, servers: own, text: entries.map((one, at) => sectionText(one.header, one.text, own[at])).join('\n') }
      next.set(file, shard)
      files.set(file, shard.text)
      yield
    }
    texts = next
    for (const [file, entries] of maps) {
      files.set(file, remembered(mapTexts, entries, mapText))
      yield
    }
    for (const [file, lines] of certificateLists) {
      files.set(
        file,
        remembered(listTexts, lines, (all) => all.map((line) => `${certificateLineText(line, directory)}\n`).join('')),
      )
      yield
    }
    for (const [file, text] of certificates) files.set(file, text)
    return files
  }
}

/** The same in one go, with nothing remembered. */
export const configurationFiles = (configuration: Configuration, directory: string): ConfigurationFiles =>
  atOnce(createFileWriter(directory)(configuration))

/** A server's address and what is said of it, in a file and in the command that adds one. */
export const serverText = ({ address, port, protocol, isDraining }: Server): string =>
  `${isIPv6(address) ? `[${address}]` : address}:${port} weight ${weightOf({ isDraining })}${protocol === 'h2c' ? ' proto h2' : ''}`

/** All that take requests take the same share. */
export const weightOf = ({ isDraining }: Pick<Server, 'isDraining'>): number => (isDraining ? 0 : 100)

/** A line of a certificate list. */
export const certificateLineText = ({ file, hostnames }: CertificateLine, directory: string): string =>
  [`${directory}/${file}`, ...hostnames].join(' ')

const backendPrefix = 'backend '

/** FNV-1a: which of the files a section stands in for as long as it has its name. */
function shardOf(header: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < header.length; at += 1) hash = Math.imul(hash ^ header.charCodeAt(at), 0x01000193)
  return `${backendFolder}/${String((hash >>> 0) % shardCount).padStart(2, '0')}.cfg`
}

const shardCount = 64

/** Which section stands in which file. */
interface Layout {
  readonly sections: ReadonlyMap<string, string>
  readonly main: string
  readonly shards: ReadonlyMap<string, readonly Entry[]>
  readonly entries: ReadonlyMap<string, Entry>
}

interface Entry {
  readonly header: string
  readonly text: string
  /** Of the section, by which its servers are found. */
  readonly name: string
  readonly file: string
}

function* layOut(sections: ReadonlyMap<string, string>, before: Layout | undefined): Steps<Layout> {
  const main: string[] = []
  const shards = new Map<string, Entry[]>()
  const entries = new Map<string, Entry>()
  let done = 0
  for (const [header, text] of sections) {
    if (!header.startsWith(backendPrefix)) main.push(sectionText(header, text))
    else {
      const known = before?.entries.get(header)
      const name = known?.name ?? header.slice(backendPrefix.length)
      const entry = known?.text === text ? known : { header, text, name, file: shardOf(header) }
      entries.set(header, entry)
      const there = shards.get(entry.file)
      if (there === undefined) shards.set(entry.file, [entry])
      else there.push(entry)
    }
    done += 1
    if (isPause(done)) yield
  }
  return { sections, main: main.join('\n'), shards, entries }
}

function sectionText(header: string, text: string, servers: ReadonlyMap<string, Server> = new Map()): string {
  const lines = [...text.split('\n'), ...[...servers].map(([name, server]) => `server ${name} ${serverText(server)}`)]
  return `${header}\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}

const mapText = (entries: ReadonlyMap<string, string>): string => Array.from(entries, ([key, value]) => `${key} ${value}\n`).join('')

function remembered<T extends object>(known: WeakMap<object, string>, value: T, write: (value: T) => string): string {
  let text = known.get(value)
  if (text === undefined) known.set(value, (text = write(value)))
  return text
}
