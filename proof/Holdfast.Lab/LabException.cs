namespace Holdfast.Lab;

/// <summary>What went wrong, to which object, and what to do next, in the operator's words: printed without a stack
/// trace.</summary>
sealed class LabException : Exception
{
    public LabException(string message) : base(message)
    {
    }

    public LabException(string message, Exception inner) : base(message, inner)
    {
    }
}
