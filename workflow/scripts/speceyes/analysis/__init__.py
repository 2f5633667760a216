"""From verdicts and replays to measures: answers, outcomes, accuracies, speedups, intervals."""
