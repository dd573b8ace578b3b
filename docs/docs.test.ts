/** Documents are held to the code: links, command lines, excerpts, manifests, and every list that the code has too. */
import assert from 'node:assert/strict'
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parseArgs } from 'node:util'
import { type AnyKind, apiVersionOf, type KubeObject, type WriteContext } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { validateMetadata } from '#api/meta/v1/validate-metadata.ts'
import { optionalKinds } from '#api/served-kinds.ts'
import { kindsOf } from '#apiserver/custom-resources/kinds-of.ts'
import { cli } from '#cli/cli.ts'
import type { Command } from '#cli/command.ts'
import { allCommands } from '#cli/commands.ts'
import { faultTexts } from '#cli/simulate/fault-texts.ts'
import { defaultConfig, readConfig, settingNames } from '#host/config.ts'
import { readCredentialProviders } from '#host/credential-providers.ts'
import { defaultMachineCIDR } from '#host/machines/machine-ranges.ts'
import { names } from '#host/names.ts'
import type { ServerSettings } from '#host/server-settings.ts'
import { settings as kubeletSettings } from '#kubelet/configuration/settings.ts'
import { nodeConfiguration } from '#main/agent/node-configuration.ts'
import { readServerFiles } from '#main/server-files.ts'
import { simulate } from '#main/simulate.ts'
import { gatewayDefinitions } from '#router/gateway/gateway-definitions.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { parseYamlDocuments } from '#schema/yaml.ts'
import { settings } from '#sim/scenario/behaviour-settings.ts'
import {
  type Block,
  blocksOf,
  type Found,
  linesOf,
  linksOf,
  read,
  root,
  slug,
  spansIn,
  spansOf,
  tableAfter,
  unquoted,
  wordsOf,
} from './testing/markdown.ts'

const tolerations = { defaultNotReadyTolerationSeconds: 300, defaultUnreachableTolerationSeconds: 300 }
/** What the server does where its settings say nothing, as `ServerSettings` tells. */
const defaultsOfServer = {
  anonymous: 'health',
  auditLogMaxAgeDays: 0,
  auditLogMaxBackups: 10,
  auditLogMaxSizeMB: 100,
  gatewayAPI: true,
  approveKubeletServing: true,
  nodeMonitorGracePeriod: '50s',
  ...tolerations,
}

/** The same of a node's network and of a machine's further nodes, which do not stand in the defaults. */
const defaultsOfNode = {
  nodePortAddresses: '[primary]',
  externalIPs: false,
  serviceHealthPort: 10_256,
  ingressHTTPPort: 80,
  ingressHTTPSPort: 443,
  cgroupRoot: names.cgroupRoot,
  machineCIDR: defaultMachineCIDR,
}

const commands = await allCommands()

/** Kinds of definitions that every cluster has from its beginning. */
const customKinds = (await gatewayDefinitions()).flatMap((definition) =>
  kindsOf({ ...definition, status: { conditions: [], acceptedNames: definition.spec.names, storedVersions: [] } } as never),
)

const documents = ['README.md', 'README.zh-CN.md', ...globSync('docs/*.md', { cwd: root }).sort()]

const blocks = documents.flatMap(blocksOf)
const inLanguage = (language: string): readonly Block[] => blocks.filter((block) => block.language === language)

checkAll('every link leads to a file, and to a heading in it', documents.flatMap(linksOf), linkProblem)
checkAll('every path between backticks is there', documents.flatMap(spansOf), pathProblem)
checkAll('every variable of the environment is read somewhere', documents.flatMap(spansOf), variableProblem)
checkAll('every command line names a command, options and files that there are', inLanguage('sh').flatMap(linesOf), commandLineProblem)
checkAll('so do commands and options in the text', documents.flatMap(spansOf), spanProblem)
checkAll('every TypeScript block is an excerpt of the file that it names', inLanguage('ts'), excerptProblem)
checkAll('every manifest is taken', [...inLanguage('yaml'), ...examples()], manifestProblem)
checkAll('settings that are shown are settings', inLanguage('yaml settings'), settingsProblem)
checkAll('files that settings name are taken', inLanguage('yaml file'), fileProblem)
// What `wherry why` and `wherry plan` print is held by src/cli/why/why.test.ts and src/cli/plan/plan-manifests.test.ts, which have a cluster to ask.
checkAll('no block is of a sort that nobody checks', blocks, ({ language }) =>
  ['sh', 'ts', 'text', 'text why', 'text plan', 'yaml', 'yaml settings', 'yaml file'].includes(language)
    ? undefined
    : `a block of "${language}"`,
)

test('what a command is shown to print is what it prints', async () => {
  assert.ok(inLanguage('text').length > 0)
  for (const { where, text } of inLanguage('text')) {
    const [line, ...expected] = text.split('\n')
    assert.equal(wherryProblem(wordsOf(line!).slice(2), where), undefined)
    let out = ''
    const terminal = { out: (piece: string) => void (out += piece), error: assert.fail, interactive: false }
    const layout = { dataDirectory: '/nowhere', runDirectory: '/nowhere' }
    const programs = { server: () => assert.fail('a server is not shown'), simulate }
    // Paths in documents begin at the root of the repository.
    const words = wordsOf(line!)
      .slice(2)
      .map((word) => (existsSync(join(root, word)) && word.includes('/') ? join(root, word) : word))
    await cli({ words, layout, env: {}, terminal, programs })
    assert.equal(out.trimEnd(), expected.join('\n'), where)
  }
})

test('every fault is told of, and nothing else is', () => {
  const rows = tableAfter('docs/testing.md', /^\| fault \|/).map(([name, text]) => [unquoted(name!), unquoted(text!)])
  assert.deepEqual(rows, Object.entries(faultTexts))
})

test('everything that can be said of containers is told of', () => {
  const rows = tableAfter('docs/testing.md', /^\| name \| of \|/).map(([name, of]) => [unquoted(name!), of])
  assert.deepEqual(
    rows,
    Object.entries(settings).map(([name, { ofImageOnly }]) => [name, ofImageOnly ? 'image' : 'image, pod']),
  )
})

test('every setting is described with its default, and nothing else is', () => {
  for (const path of ['docs/use.md', 'docs/use.zh-CN.md']) {
    const rows = tableAfter(path, /^\| (setting|设置) \|/)
    assert.deepEqual(
      rows.map(([name]) => unquoted(name!)),
      settingNames(),
      path,
    )
    const defaults: Readonly<Record<string, unknown>> = { ...defaultConfig(), ...defaultsOfServer, ...defaultsOfNode }
    for (const [name, value] of rows) {
      const setting = unquoted(name!)
      // These two are the machine's own.
      if (setting === 'nodeName' || setting === 'nodeAddress') continue
      if (setting in defaults) assert.equal(value, String(defaults[setting]), `${path}: ${setting}`)
      else assert.match(value!, /^(off|none|关|无)$/, `${path}: ${setting}`)
    }
  }
})

test('every field of KubeletConfiguration that can be set is described with its default, and nothing else is', () => {
  const rows = tableAfter('docs/node.md', /^\| field \|/).map(([field, value]) => [unquoted(field!), value!] as const)
  const canBeSet = Object.entries(kubeletSettings)
    .filter(([name, { wanted, fallback }]) => name !== 'featureGates' && !wanted.startsWith(`${JSON.stringify(fallback)}, since `))
    .map(([name]) => name)
  assert.deepEqual([...new Set(rows.map(([field]) => field.split('.')[0]!))].toSorted(), canBeSet.toSorted())
  const configuration = nodeConfiguration(defaultConfig(), { dataDirectory: '/nowhere', runDirectory: '/nowhere' })
  for (const [field, shown] of rows) {
    const value = field.split('.').reduce((found: unknown, part) => (found as Record<string, unknown> | undefined)?.[part], configuration)
    const isPlain = ['string', 'number', 'boolean'].includes(typeof value) && value !== ''
    if (isPlain) assert.equal(shown, String(value), field)
    else if (Array.isArray(value) && value.length > 0) assert.equal(shown, value.join(', '), field)
    else if (value !== undefined && Object.keys(value as object).length === 0) assert.equal(shown, 'none', field)
  }
})

test('every kind is in the list of what is acted upon, and nothing else is', () => {
  const named = tableAfter('docs/use.md', /^\| kind \|/).flatMap(([cell]) => spansIn(cell!))
  assert.deepEqual(named.toSorted(), [...new Set(kinds.map(({ kind }) => kind))].toSorted())
})

test('every message that is explained is one that somebody says', () => {
  const sources = [...globSync('src/{cli,host,kubelet/certificates}/**/*.ts', { cwd: root }), 'wherry'].map(read).join('\n')
  const rows = [...tableAfter('docs/use.md', /^\| the command says \|/), ...tableAfter('docs/nodes.md', /^\| `wherry join` says \|/)]
  assert.ok(rows.length > 10)
  for (const [cell] of rows) for (const span of spansIn(cell!)) assert.ok(sources.includes(span), `nobody says "${span}"`)
})

test('the map shows every room, and the import rules that are guarded', () => {
  const guarded = [...read('src/house.test.ts').matchAll(/^ {2}(\w+): \[([^\]]*)\],$/gm)].map(
    ([, room, list]) => `${room}: ${list!.replaceAll(/[',\s]+/g, ' ').trim()}`,
  )
  const shown = tableAfter('docs/architecture.md', /^\| room \|/).map((row) => `${spansIn(row[0]!)[0]}: ${spansIn(row[3]!).join(' ')}`)
  assert.deepEqual(shown.toSorted(), guarded.toSorted())
  const rooms = globSync('src/*/', { cwd: root }).map((path) => path.replace(/^src\/|\/$/g, ''))
  assert.deepEqual(shown.map((line) => line.split(':')[0]).toSorted(), rooms.toSorted())
})

test('the parts of npm test are the ones that there are', () => {
  const parts = [...read('tools/test.ts').matchAll(/name: '(\w+)',\s+run:/g)].map(([, name]) => name)
  assert.deepEqual(
    tableAfter('docs/develop.md', /^\| part \|/).map(([name]) => unquoted(name!)),
    parts,
  )
})

test('every dependency has its reason', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>
  const text = read('docs/dependencies.md')
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies }))
    assert.ok(text.includes(`\`${name}\``) || (name.startsWith('@types/') && text.includes('`@types/*`')), name)
})

// --- one thing each: undefined, or what is wrong with it ---------------------------------------------------------------------------

function checkAll<T extends Found>(name: string, all: readonly T[], problemOf: (one: T) => string | undefined): void {
  test(name, () => {
    assert.ok(all.length > 0, 'nothing was found to check')
    const problems = all.flatMap((one) => problemOf(one) ?? []).map((problem, index) => `${index + 1}. ${problem}`)
    assert.deepEqual(problems, [])
  })
}

function linkProblem({ where, text }: Found): string | undefined {
  if (/^https?:/.test(text)) return undefined
  const [path, heading] = text.split('#') as [string, string | undefined]
  const target = path === '' ? where : join(dirname(where), path)
  if (!existsSync(join(root, target))) return `${where}: ${text} leads nowhere`
  if (heading === undefined) return undefined
  const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, title]) => slug(title!))
  return headings.includes(heading) ? undefined : `${where}: ${target} has no heading #${heading}`
}

function pathProblem({ where, text }: Found): string | undefined {
  if (
    !/^(src|docs|tools|bench|e2e|examples|images)\/[\w./-]+$/.test(text) &&
    !/^(main|host|api|loop|network|pki)\/[\w./-]+\.ts$/.test(text)
  )
    return undefined
  return existsSync(join(root, text)) || existsSync(join(root, 'src', text)) ? undefined : `${where}: there is no ${text}`
}

function variableProblem({ where, text }: Found): string | undefined {
  const name = /^(WHERRY_[A-Z]+)/.exec(text)?.[1]
  return name === undefined || sourceText().includes(name) ? undefined : `${where}: nobody reads ${name}`
}

let cachedSources: string | undefined
const sourceText = (): string => (cachedSources ??= globSync('{src,tools,e2e}/**/*.ts', { cwd: root }).map(read).join('\n'))

function commandLineProblem({ where, text }: Found): string | undefined {
  const [program, ...words] = wordsOf(text)
  switch (program) {
    case 'wherry':
    case './wherry':
      return wherryProblem(words, `${where}: ${text}`)
    case 'npm': {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
      const script = words[0] === 'run' ? words[1]! : words[0]!
      return script === 'ci' || script in scripts ? undefined : `${where}: package.json has no script "${script}"`
    }
    case 'node26': {
      const missing = words.filter((word) => /^[a-z]\S*\.ts$/.test(word) && globSync(word, { cwd: root }).length === 0)
      return missing.length === 0 ? undefined : `${where}: there is no ${missing.join(', ')}`
    }
    default:
      return undefined
  }
}

/** Only what is plainly meant for the command: `wherry logs`, `--api-port`. */
function spanProblem({ where, text }: Found): string | undefined {
  const options = new Set(commands.flatMap((command) => Object.keys(command.options)))
  const foreign = new Set(['--server-side', '--help'])
  if (/^--[a-z-]+$/.test(text)) return options.has(text.slice(2)) || foreign.has(text) ? undefined : `${where}: no command has ${text}`
  const [program, name, ...rest] = text.replaceAll('\\|', '|').split(/\s+/)
  if ((program !== 'wherry' && program !== './wherry') || name === undefined || name === '…') return undefined
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) return `${where}: there is no command "${name}"`
  const wrong = rest.filter(
    (word) => word.startsWith('--') && !foreign.has(word) && !command.passesThrough && !(word.slice(2) in command.options),
  )
  return wrong.length === 0 ? undefined : `${where}: ${name} has no ${wrong.join(', ')}`
}

/** The same reading as `src/cli/cli.ts`, without running anything. */
function wherryProblem([name, ...words]: readonly string[], where: string): string | undefined {
  if (name === 'help') return undefined
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) return `${where}: there is no command "${name}"`
  if (command.passesThrough || words.includes('--help')) return undefined
  const [least, most] = command.arguments ?? [0, 0]
  try {
    const { positionals } = parseArgs({ args: [...words], options: optionsOf(command), allowPositionals: true })
    return positionals.length < least || positionals.length > most ? `${where}: ${positionals.length} arguments` : undefined
  } catch (error) {
    return `${where}: ${(error as Error).message}`
  }
}

const optionsOf = (command: Command) =>
  Object.fromEntries(Object.entries(command.options).map(([name, { help: _help, value: _value, ...option }]) => [name, option]))

/** `// path` first; then pieces of that file in their order, parted by `// …`. Indentation apart, so that a block may stand in a list. */
function excerptProblem({ where, text }: Found): string | undefined {
  const [first, ...lines] = text.split('\n')
  const path = /^\/\/ (\S+)$/.exec(first!)?.[1]
  if (path === undefined || !existsSync(join(root, path))) return `${where}: the first line names no file: ${first}`
  const plain = (code: string): string =>
    code
      .split('\n')
      .map((line) => line.trim())
      .join('\n')
      .trim()
  const source = plain(read(path))
  let from = 0
  for (const piece of lines.join('\n').split('// …')) {
    const at = source.indexOf(plain(piece), from)
    if (at < 0) return `${where}: ${path} does not hold, at this place:\n${piece}`
    from = at + 1
  }
  return undefined
}

const context: WriteContext = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '', dryRun: false }

function manifestProblem({ where, text }: Found): string | undefined {
  const problems = parseYamlDocuments(text).flatMap(({ value, duplicates }) => [...duplicates, ...refusals(value)])
  return problems.length === 0 ? undefined : `${where}: ${problems.join('; ')}`
}

/** As the API server takes an object: decode, complete, prepare, validate. */
function refusals(value: unknown): readonly string[] {
  const given = value as Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>
  const kind: AnyKind | undefined = [...kinds, ...optionalKinds, ...customKinds].find(
    (one) => one.kind === given.kind && apiVersionOf(one) === given.apiVersion,
  )
  if (kind === undefined) return [`${given.apiVersion} ${given.kind} is not served`]
  const server = { uid: 'u', creationTimestamp: context.now, ...(kind.scope === 'Namespaced' && { namespace: 'default' }) }
  const { value: decoded, unknown, errors } = decode(kind, { ...given, metadata: { ...server, ...given.metadata } })
  if (errors.length + unknown.length > 0) return [...errors, ...unknown]
  const filled = withDefaults(kind, decoded)
  const complete = kind.rules.defaults?.(filled) ?? filled
  const object = kind.rules.prepareCreate?.(complete, context) ?? complete
  const causes = [...validateMetadata(object.metadata, kind), ...(kind.rules.validate?.(object, context) ?? [])]
  return causes.map(({ field, message }) => `${field}: ${message}`)
}

function settingsProblem({ where, text }: Found): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-docs-'))
  try {
    writeFileSync(join(folder, 'config.yaml'), text)
    readConfig(join(folder, 'config.yaml'))
    return undefined
  } catch (error) {
    return `${where}: ${(error as Error).message}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const someKubeconfig = JSON.stringify({
  'current-context': 'a',
  contexts: [{ name: 'a', context: { cluster: 'a' } }],
  clusters: [{ name: 'a', cluster: { server: 'https://a.example' } }],
})

/** A file that server or node are given, by its kind; a kubeconfig or program that it names is somebody else's. */
function fileProblem({ where, text }: Found): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-docs-'))
  try {
    const path = join(folder, 'file.yaml')
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, someKubeconfig)
    writeFileSync(path, text.replace(/(?<=kubeConfigFile: )[\w/.-]+/g, kubeconfig))
    const kind = /^kind: (\w+)$/m.exec(text)?.[1] ?? ''
    if (kind === 'CredentialProviderConfig') {
      for (const [, name] of text.matchAll(/^ {2}- name: (\S+)$/gm)) writeFileSync(join(folder, name!), '', { mode: 0o755 })
      readCredentialProviders(path, folder)
      return undefined
    }
    const settings: Readonly<Record<string, ServerSettings>> = {
      AuthenticationConfiguration: { authenticationConfig: path },
      AuthorizationConfiguration: { authorizationConfig: path },
      Policy: { auditPolicy: path, auditLog: join(folder, 'audit.log') },
      TracingConfiguration: { tracingConfig: path },
      KubeSchedulerConfiguration: { schedulerConfig: path },
      AdmissionConfiguration: {
        admissionControlConfigFile: path,
        enableAdmissionPlugins: [...text.matchAll(/^ {2}- name: (\w+)$/gm)].map(([, name]) => name!),
      },
    }
    if (settings[kind] === undefined) return `${where}: no setting takes a ${kind}`
    readServerFiles(settings[kind])
    return undefined
  } catch (error) {
    return `${where}: ${(error as Error).message}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function examples(): Block[] {
  return globSync('examples/*.yaml', { cwd: root }).map((path) => ({ where: path, language: 'yaml', text: read(path) }))
}
