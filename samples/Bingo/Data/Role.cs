namespace Bingo.Data;

enum Role
{
    Primary,
    Replica,
}
