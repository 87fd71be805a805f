// The linters that more than one place runs, each at one version: those of the workflows, and the one that looks for secrets.
import { findGoProgram } from './go-programs.ts'
import { pythonProgram } from './python-programs.ts'

export const versions = {
  actionlint: 'v1.7.12',
  /** security.yml names it too, for `go run` takes no variable of ours: a test holds both equal. */
  gitleaks: 'v8.30.1',
  zizmor: '1.32.0',
} as const

// Its package for Python fetches a program from elsewhere while it is installed.
export const findActionlint = () => findGoProgram('github.com/rhysd/actionlint/cmd/actionlint', versions.actionlint)
export const findGitleaks = () => findGoProgram('github.com/zricethezav/gitleaks/v8', versions.gitleaks)
export const findZizmor = () => pythonProgram({ name: 'zizmor', version: versions.zizmor })
