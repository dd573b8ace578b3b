/** What reading a configuration may ask for. */
export interface ConfigurationMeans {
  /**
   * Text of a file that a configuration points to: a kubeconfig, and what that points to in turn. A path that is not whole is meant beside the file
   * that names it, `from`. Throws where there is no such file.
   */
  readonly readFile: (path: string, from?: string) => string
}
