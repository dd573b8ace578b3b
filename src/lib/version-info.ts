/** What `/version` says. `gitVersion` tells clients which API they may expect: `v1.36.3` with our own version behind a plus. */
export interface VersionFacts {
  readonly gitVersion: string
  readonly gitCommit: string
  readonly buildDate: string
}

/** The answer to `/version`, in the form of the reference (version.Info). */
export function versionOf(facts: VersionFacts): object {
  const [, major = '1', minor = '36'] = /^v(\d+)\.(\d+)/.exec(facts.gitVersion) ?? []
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: `${Number(minor) - 1}`,
    gitVersion: facts.gitVersion,
    gitCommit: facts.gitCommit,
    gitTreeState: 'clean',
    buildDate: facts.buildDate,
    goVersion: 'go1.26',
    compiler: 'gc',
    platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }
}
