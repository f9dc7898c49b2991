namespace Bingo.Preparing;

/// <summary>It can't be prepared; the message says to people why, and what to do.</summary>
sealed class PreparationException(string message, Exception? cause = null) : Exception(message, cause);
