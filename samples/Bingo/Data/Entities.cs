namespace Bingo.Data;

/// <param name="Id">From 1.</param>
/// <param name="Name">Of the film.</param>
/// <param name="Year">Of its first showing.</param>
/// <param name="Duration">Minutes.</param>
sealed record Movie(int Id, string Name, int Year, int Duration);

sealed record Customer(int Id, string Name, string Surname, DateOnly Birthday, string Email);

/// <param name="Id">From 1, in the order in which they were made.</param>
/// <param name="StartTime">UTC.</param>
/// <param name="Customer">Who watches.</param>
/// <param name="Movie">What.</param>
sealed record Session(int Id, DateTime StartTime, Customer Customer, Movie Movie);
